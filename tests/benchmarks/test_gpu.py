"""`benchmarks/gpu.py`: its time limit, what remains of a part that is cut, and all parts at a small size."""

import itertools
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from PIL import Image

from benchmarks.gpu_parts import process
from benchmarks.gpu_parts.table import Table
from tests.processes import ENVIRONMENT, ROOT

SCRIPT = ROOT / "benchmarks/gpu.py"
PRINTS_THEN_HANGS = """
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], preexec_fn=lambda: os.setpgid(0, 0))
print(json.dumps({"what": "measured", "value": child.pid}), flush=True)
time.sleep(600)
"""


def benchmark(folder: Path, *words: object) -> CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--out", folder / "out", "--size", "small", *words]
    return subprocess.run(list(map(str, command)), env=ENVIRONMENT, cwd=folder, capture_output=True, text=True)


def rows(folder: Path) -> list[dict]:
    return json.loads((folder / "out/gpu.json").read_text())["rows"]


def runs(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.integration
def test_a_part_that_is_cut_keeps_its_rows_and_leaves_no_process(tmp_path):
    rows_printed = []
    reason = process.run(
        [sys.executable, "-c", PRINTS_THEN_HANGS],
        tmp_path,
        tmp_path / "log",
        time.monotonic() + 10,
        rows_printed.append,
    )
    assert reason == "stopped after 10 s"
    assert [row["what"] for row in rows_printed] == ["measured"]
    deadline = time.monotonic() + 10  # a killed process may take a moment to end
    while runs(rows_printed[0]["value"]):
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", ""),
        ("import sys; print('{}'); sys.exit('out of memory')", "out of memory"),
        ("import os; os._exit(3)", "exit status 3"),
        ("print('{\"what\": 1')", ""),  # a line that was interrupted
    ],
)
def test_the_reason_for_a_failure(tmp_path, code, reason):
    assert (
        process.run([sys.executable, "-c", code], tmp_path, tmp_path / "log", time.monotonic() + 60, lambda row: None)
        == reason
    )


def test_the_files_are_complete_after_every_row(tmp_path, capsys):
    table = Table(tmp_path, {"command": "python x"})
    table.describe({"GPU": "none"})
    for count in (1, 2):
        table.add("part", {"what": f"a | b\n{count}", "value": "1 s", "reached": True})
        assert len(json.loads((tmp_path / "gpu.json").read_text())["rows"]) == count
        assert (tmp_path / "gpu.md").read_text().count("| part | a / b") == count
    assert capsys.readouterr().out.endswith("| part | a / b 2 | 1 s |  | yes |\n")
    assert sorted(os.listdir(tmp_path)) == ["gpu.json", "gpu.md"]


def test_time_limits_add_up_to_less_than_eight_minutes():
    code = "import gpu; print(gpu.deadlines(list(gpu.PARTS), gpu.SECONDS['full']))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True)
    ends = list(eval(ended.stdout).values())
    assert ends == sorted(ends) and len(ends) == 11 and 450 < ends[-1] < 480


def test_a_part_without_time_fails_and_is_reported(photo_folder, tmp_path):
    """The limit ends before any part can start PyTorch."""
    ended = benchmark(tmp_path, "--images", photo_folder, "--only", "tests", "--seconds", "0.05")
    assert ended.returncode == 1
    failed = [row["part"] for row in rows(tmp_path) if row.get("failed")]
    assert failed == ["machine", "images", "tests"]


@pytest.mark.integration
def test_a_part_from_start_to_end_with_an_archive(photo_folder, tmp_path):
    with tarfile.open(tmp_path / "photos.tar.xz", "w:xz") as archive:
        archive.add(photo_folder, "photos")
    ended = benchmark(tmp_path, "--images", tmp_path / "photos.tar.xz", "--only", "resnet50")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [row["part"] for row in rows(tmp_path)] == ["images"] * 2 + ["resnet50"] * 3 + ["total"]
    assert all(f"| {row['part']} | {row['what']} |" in ended.stdout for row in rows(tmp_path))


@pytest.mark.integration
def test_all_parts_from_start_to_end(tmp_path):
    draw = np.random.default_rng(0)
    for split, name, number in itertools.product(("train", "test"), "abcdefghij", range(24)):
        (tmp_path / split / name).mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / split / name / f"{number}.png")
    ended = benchmark(tmp_path, "--images", tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    parts = list(dict.fromkeys(row["part"] for row in rows(tmp_path)))
    assert parts == [
        "images",
        "speedrun",
        "steps",
        "resnet50",
        "tests",
        "packing",
        "determinism",
        "notebook",
        "compile",
        "devices",
        "total",
    ]


@pytest.mark.parametrize("words", [("--only", "unknown"), ("--images", "absent")])
def test_wrong_arguments_are_refused(tmp_path, words):
    ended = benchmark(tmp_path, "--images", tmp_path, *words)
    assert ended.returncode == 2 and words[1] in ended.stderr and not (tmp_path / "out").exists()
