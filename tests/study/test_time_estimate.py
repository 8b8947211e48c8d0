"""The time left, from the times of finished runs."""

import math

from ablate.runs.record_parts import EpochCount, Seconds
from ablate.runs.run_record import RunRecord
from ablate.study.live_view import NO_EPOCHS, Epochs, RunView
from ablate.study.status import PlannedState
from ablate.study.time_estimate import expected_seconds, time_left


def run(variant: str, status: str, seconds: float | None = None, epochs: Epochs = NO_EPOCHS) -> RunView:
    record = RunRecord(status=status, seconds=Seconds(total=seconds), epochs=EpochCount(planned=10))
    state = PlannedState(status) if status == "missing" else PlannedState(status, record)
    return RunView(variant, 0, f"{variant}/seed=0", state, epochs, [])


RUNS = [run("baseline", "completed", 10.0), run("baseline", "completed", 30.0), run("baseline", "missing"),
        run("mlp", "diverged", 4.0), run("mlp", "failed", 1.0), run("vgg", "missing")]  # fmt: skip


def test_it_uses_the_median_of_the_variant_else_the_probed_time_else_the_median_of_all():
    """To do: baseline, median of 10 and 30; mlp, its 4; vgg, the median of 10, 30 and 4."""
    assert expected_seconds(RUNS, {}) == {"baseline": 20.0, "mlp": 4.0, "vgg": 10.0}
    assert time_left(RUNS) == "3 to do, about 34 s in sequence"
    assert time_left(RUNS, {"vgg": 6.0}) == "3 to do, about 30 s in sequence"
    assert time_left(RUNS, {"baseline": 1.0}) == "3 to do, about 34 s in sequence"  # its finished runs count


def test_an_interrupted_run_has_only_its_other_epochs_to_do():
    interrupted = run("vgg", "interrupted", epochs=Epochs([0.5] * 7, 2.0, (0.5, 0.5)))
    assert time_left([*RUNS[:2], interrupted]) == "1 to do, about 6 s in sequence"
    assert time_left([interrupted, run("vgg", "missing")]) == "2 to do, about 26 s in sequence"  # 3 + 10 epochs


def test_without_a_finished_run_or_with_no_other_there_is_nothing_to_estimate():
    missing = run("a", "missing")
    assert "6 to do, no time estimate until a run has finished; `ablate plan --probe`" in time_left([missing] * 6)
    assert "--probe" not in time_left([missing], probe=False)
    assert "no time estimate" in time_left([run("a", "completed", math.inf), missing])
    assert time_left(RUNS[:2]) == "all done"
