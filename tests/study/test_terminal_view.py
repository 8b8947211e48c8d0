"""The live view of a study in a terminal."""

import io
import math
from typing import Any

import msgspec
import pytest

from ablate.runs.run_record import RunRecord
from ablate.runs.statuses import RECORDED
from ablate.study import terminal_view
from ablate.study.live_view import Epochs, RunView, StudyView
from ablate.study.status import PlannedState
from ablate.study.time_estimate import time_left
from ablate.terminal.console import Console


def make(variant: str, status: str, accuracies=(), planned: int | None = 10, error: str = "", **values: Any) -> RunView:
    limits = (min(accuracies), max(accuracies)) if accuracies else None
    seconds_per_epoch = values.pop("seconds_per_epoch", 2.0 if accuracies else None)
    log = values.pop("log", [])
    record = None
    if status in RECORDED:
        content = {"status": status, "epochs": {"planned": planned}, **values}
        record = msgspec.convert(content, RunRecord)
    epochs = Epochs(list(accuracies), seconds_per_epoch, limits)
    return RunView(variant, 0, f"{variant}/seed=0", PlannedState(status, record, error), epochs, log)


def rendered(runs: list[RunView], width: int = 120, height: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal_view.view(StudyView("s", runs), width, height))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_curve_has_one_block_per_epoch():
    assert (
        terminal_view.sparkline([0.0, 0.5, 1.0], 3, (0.0, 1.0)) == "▁▅█"
    )  # levels 0, 3.5 (rounded to even) and 7 of 7
    assert terminal_view.sparkline([0.25, math.nan, 0.75], 10, (0.25, 0.75)) == "▁ █"  # three of ten epochs
    assert terminal_view.sparkline([0.5], None, (0.5, 0.5)) == "█" and terminal_view.sparkline([], 10, (0.0, 1.0)) == ""


@pytest.mark.parametrize("planned", [1, 23, 24, 25, 48, 1000])
def test_the_length_of_a_curve_is_the_fraction_of_its_epochs(planned):
    values = [epoch / planned for epoch in range(1, planned + 1)]
    curve = terminal_view.sparkline(values, planned, (0.0, 1.0))
    assert len(curve) == min(planned, terminal_view.CURVE_WIDTH) and curve[-1] == "█" and list(curve) == sorted(curve)
    half = terminal_view.sparkline(values[: planned // 2], planned, (0.0, 1.0))
    assert curve.startswith(half) and abs(len(half) - len(curve) / 2) <= 0.5


def test_the_time_left_assumes_as_many_parallel_runs_as_now():
    done = make("a", "completed", [0.5] * 10, seconds={"total": 30.0})
    running = [make("b", "running", [0.1] * 4), make("b", "running", [0.1] * 6)]  # 6 and 4 epochs of 2 s to go
    assert time_left([done, *running]) == "about 12 s left, 2 in parallel"  # the longer of the two
    # a: 30 s as before; b: 10 epochs of 2 s; c: the median of 30, 20 and 20. With 12 + 8 that is 90 s for two workers.
    waiting = [make("a", "missing"), make("b", "missing"), make("c", "missing")]
    assert time_left([done, *running, *waiting]) == "about 45 s left, 2 in parallel"
    assert time_left([done, make("d", "running")]) == "about 30 s left"  # no epoch of this variant is done
    assert "unknown until the first epoch" in time_left([make("d", "running"), *waiting])
    assert time_left([done, *waiting]) == "3 to do, about 2 min in sequence"  # 30 s each
    failed = make("b", "failed", [0.1])  # which the study's command retries: 10 epochs of 2 s
    assert time_left([done, failed]) == "1 to do, about 20 s in sequence"
    assert time_left([done, failed, running[0]]) == "about 12 s left"
    interrupted = make("b", "interrupted", [0.1] * 9)
    assert time_left([done, interrupted]) == "1 to do, about 2 s in sequence"


def test_the_view_of_a_running_study():
    lines = rendered([
        make("baseline", "completed", [0.5, 0.9], planned=2, seconds={"total": 10.0}),
        make("model=cnn", "running", [0.25], planned=4),
        make("model=vgg", "failed", error="It is too small.", log=["Traceback", "ValueError: 3"]),
        make("model=vit", "missing", planned=None),
    ])  # fmt: skip
    assert lines[0] == "s  4 runs  1 running  1 failed  1 completed  1 missing"
    assert "56 %" in lines[1] and "about 15 s left" in lines[1]  # (1 + 1/4 + 1) / 4; 3 x 2 s, median of 10 and 4 x 2
    assert lines[3].split() == ["variant", "seed", "status", "epoch", "val.", "acc.", "25", "to", "90", "%", "time"]
    assert lines[4].split() == ["baseline", "0", "completed", "2/2", "90.0", "%", "▄█", "10", "s"]
    assert lines[5].split() == ["model=cnn", "0", "running", "1/4", "25.0", "%", "▁", "6", "s", "left"]
    assert lines[7].split() == ["model=vit", "0", "missing"]
    assert lines[9:] == ["model=vgg/seed=0 failed", "  It is too small.", "  Traceback", "  ValueError: 3"]


def test_running_and_failed_runs_come_first():
    runs = [make(f"v{index}", "completed", [0.5]) for index in range(990)]
    runs += [make(f"f{index}", "failed", error=f"Error {index % 5}") for index in range(7)]
    runs += [make("r", "running", [0.5]), make("m", "missing"), make("i", "interrupted")]
    lines = rendered(runs, height=30)
    assert len(lines) <= 30
    assert [line.split()[0] for line in lines[4:14]] == ["r", *(f"f{index}" for index in range(7)), "i", "v0"]
    assert any(line.startswith("9") and " more: " in line and "completed, 1 missing" in line for line in lines)
    assert "f0/seed=0 and 1 more failed" in lines and "and 2 more with other errors" in lines


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("height", [1, 8, 12, 24])
def test_small_terminals(width, height):
    runs = [
        make("a-long-name-of-a-variant" * 4, "running", [0.5] * 5),
        make("b", "failed", error="word " * 200),
    ] * 9
    lines = rendered(runs, width, height)
    assert all(len(line) <= width for line in lines) and len(lines) <= max(height, 9)


LONG = "normalization=weight_standardization+augmentation=trivialaugment+model=wide_resnet"


@pytest.mark.parametrize("width", [70, 80, 93, 94, 120])
def test_a_long_name_is_broken_between_its_parts_and_curves_remain(width):
    runs = [make(LONG, "completed", [0.5, 0.875], seconds={"total": 9}), make("mlp", "running", [0.25] * 10)]
    lines = rendered(runs, width)
    assert all(len(line) <= width for line in lines) and not any("…" in line for line in lines)
    (first,) = [index for index, line in enumerate(lines) if " completed " in line and "87.5 %" in line]
    (last,) = [index for index, line in enumerate(lines) if line.startswith("mlp")]
    parts = [line[:46].split(" ")[0] for line in lines[first:last]]
    assert "".join(parts) == LONG
    assert lines[first].split()[1:] == ["0", "completed", "2/10", "87.5", "%", "▄█", "9", "s"]
    starts = ("normalization=", "weight_", "standardization", "+augmentation=", "trivialaugment", "+model=", "wide_")
    assert all(part.startswith((*starts, "resnet")) for part in parts)


def test_a_view_of_long_names_fits_the_height():
    runs = [make(f"{LONG}+seed={index}", "completed", [0.5]) for index in range(20)]
    lines = rendered(runs, width=80, height=24)
    assert len(lines) <= 24 and lines[-1].endswith("completed") and "more: " in lines[-1]


def test_control_characters_and_markup_are_escaped():
    lines = rendered([make("[red]a", "failed", error="\x1b[2J[bold]x", log=["[/]"])])
    assert "[red]a" in lines[4] and r"\x1b[2J[bold]x" in lines[7] and "[/]" in lines[8]
    assert "\x1b" not in "".join(lines)
