"""Devices and number formats, chosen by what the machine has."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ablate.backend.hardware import peak_memory, pick_device, pick_precision, repeatable, threads_restored
from ablate.terminal.errors import InputError


def test_auto_takes_a_device_there_is():
    device = pick_device("auto")
    assert device.type == ("cuda" if torch.cuda.is_available() else device.type)
    assert torch.zeros(1, device=device).device.type == device.type


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"trainer\.device=cuda"):
        pick_device("cuda")


def test_a_named_precision_is_kept_and_auto_decides():
    cpu = torch.device("cpu")
    assert [pick_precision(name, cpu) for name in ("fp32", "bf16")] == ["fp32", "bf16"]
    with open("/proc/cpuinfo") as file:
        native = any(word in file.read() for word in ("avx512_bf16", "amx_bf16"))
    assert pick_precision("auto", cpu) == ("bf16" if native else "fp32")


def test_with_deterministic_an_operation_that_is_not_is_refused_and_without_it_is_not():
    """PyTorch's own example of one on the CPU: `put_` without accumulate."""
    values, places = torch.zeros(3), torch.tensor([0, 1])
    try:
        repeatable(True)
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            values.put_(places, torch.ones(2))
    finally:
        repeatable(False)
    assert values.put_(places, torch.ones(2)).sum() == 2


def test_the_threads_of_a_run_are_not_those_of_the_next():
    before = torch.get_num_threads()
    with threads_restored():
        torch.set_num_threads(before + 1)
    assert torch.get_num_threads() == before


def test_the_peak_of_memory_grows_by_what_is_held():
    before = peak_memory(torch.device("cpu"))
    assert before["device"] is None and before["process"] > 50  # PyTorch alone takes more
    held = torch.ones(int(before["process"]) * 2**18)  # as much again: each float32 has four bytes
    after = peak_memory(torch.device("cpu"))["process"]
    assert after > before["process"] and after > held.nbytes / 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="elsewhere nothing but getrusage tells")
def test_the_peak_of_memory_is_not_that_of_who_started_the_process():
    held = bytearray(600 * 2**20)
    code = "import torch; from ablate.backend import hardware; "
    code += "print(hardware.peak_memory(torch.device('cpu'))['process'])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert 50 < float(done.stdout) < len(held) / 2**20


# Page faults of the first and of twenty more blocks of 64 MiB, each freed before the next.
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has mallopt")
def test_freed_memory_is_used_again_without_the_systems_help():
    done = subprocess.run([sys.executable, "-c", BLOCKS], check=True, capture_output=True, text=True)
    first, others = map(int, done.stdout.split())
    assert first > 20 and others < 10 * first  # each block anew would be 20 times the first
