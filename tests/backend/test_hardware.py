"""Devices and number formats as the machine has them, memory, and CPU cores."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ablate.backend.cpu_count import cpu_cores
from ablate.backend.hardware import (
    autocast,
    native_precision,
    peak_memory,
    pick_device,
    pick_precision,
    reset_peak_memory,
    set_deterministic,
    threads_restored,
)
from ablate.terminal.errors import InputError
from tests.processes import ROOT


def test_auto_picks_an_available_device():
    device = pick_device("auto")
    assert device.type == ("cuda" if torch.cuda.is_available() else device.type)
    assert torch.zeros(1, device=device).device.type == device.type


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_an_unavailable_device_is_refused():
    with pytest.raises(InputError, match=r"trainer\.device=cuda is not available"):
        pick_device("cuda")


def test_precision_is_the_named_one_and_auto_depends_on_the_cpu():
    cpu = torch.device("cpu")
    assert [pick_precision(name, cpu) for name in ("fp32", "bf16")] == ["fp32", "bf16"]
    with open("/proc/cpuinfo") as file:
        native = any(word in file.read() for word in ("avx512_bf16", "amx_bf16"))
    assert pick_precision("auto", cpu) == ("bf16" if native else "fp32")


def test_nondeterministic_operations_are_refused_only_if_asked():
    """`put_` without accumulate, the example in PyTorch's documentation."""
    values, places = torch.zeros(3), torch.tensor([0, 1])
    try:
        set_deterministic(True)
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            values.put_(places, torch.ones(2))
    finally:
        set_deterministic(False)
    assert values.put_(places, torch.ones(2)).sum() == 2


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    with threads_restored():
        torch.set_num_threads(before + 1)
    assert torch.get_num_threads() == before


def test_peak_memory_grows_with_an_allocation():
    before = peak_memory(torch.device("cpu"))
    assert before["device"] is None and before["process"] > 50  # PyTorch alone takes more
    tensor = torch.ones(int(before["process"]) * 2**18)  # as large as the whole process: a float32 has four bytes
    after = peak_memory(torch.device("cpu"))["process"]
    assert after > before["process"] and after > tensor.nbytes / 2**20


def test_the_peak_memory_of_a_gpu_is_reset_for_each_run(monkeypatch):
    reset = []
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", reset.append)
    for name in ("cpu", "cuda:1"):
        reset_peak_memory(torch.device(name))
    assert reset == [torch.device("cuda:1")]


PEAK = """
import torch
from ablate.backend.hardware import peak_memory
print(peak_memory(torch.device("cpu"))["process"])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="without /proc only getrusage is available")
def test_peak_memory_excludes_the_parent_process():
    memory = bytearray(600 * 2**20)
    done = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
    assert 50 < float(done.stdout) < len(memory) / 2**20


# Counts page faults while one and then twenty blocks of 64 MiB are allocated, each freed before the next.
BLOCKS = """
import resource, torch
from ablate.backend.hardware import keep_memory
keep_memory()
def faults(rounds):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults(1), faults(20))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_freed_memory_is_reused_without_page_faults():
    done = subprocess.run([sys.executable, "-c", BLOCKS], check=True, capture_output=True, text=True)
    first, others = map(int, done.stdout.split())
    assert first > 20 and others < 10 * first  # without reuse it would be 20 times the first


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system with CPU affinity")
def test_cpu_cores_are_those_of_the_affinity():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cpu_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cpu_cores() == len(before)


@pytest.mark.parametrize(
    ("before", "after"), [(None, ":4096:8"), pytest.param(":16:8", ":16:8", marks=pytest.mark.integration)]
)
def test_the_setting_of_cublas_is_made_before_any_run(before, after):
    """PyTorch reads it once per process, at the first matrix product on a GPU: of any run, deterministic or not."""
    settings = {name: value for name, value in os.environ.items() if name != "CUBLAS_WORKSPACE_CONFIG"}
    settings |= {"CUBLAS_WORKSPACE_CONFIG": before} if before else {}
    code = "import os, ablate.training.parts; print(os.environ['CUBLAS_WORKSPACE_CONFIG'])"
    ended = subprocess.run([sys.executable, "-c", code], env=settings, cwd=ROOT, capture_output=True, text=True)
    assert ended.stdout.strip() == after, ended.stderr


@pytest.mark.parametrize(
    ("capability", "precision"),
    [((6, 0), "fp32"), ((6, 1), "fp32"), ((7, 0), "fp16"), ((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")],
)
def test_a_gpu_trains_in_the_precision_of_its_tensor_cores(capability, precision):
    """P100 and GTX 1080 have none, V100 and T4 have those of fp16, A100 and H100 also those of bf16."""
    assert native_precision(capability) == precision


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16), (None, torch.float32)],
)
def test_layers_compute_in_the_precision(precision, dtype):
    with autocast(precision, "cpu")():
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == dtype
