"""The time left, from the times of finished runs."""

import math

import pytest

from ablate.runs.run_record import RunRecord, Seconds
from ablate.study.status import PlannedState
from ablate.study.time_estimate import duration, estimate, expected_seconds

VARIANTS = ["baseline", "baseline", "baseline", "mlp", "mlp", "vgg"]


def state(status: str, seconds: float | None = None) -> PlannedState:
    return PlannedState(status, RunRecord(status=status, seconds=Seconds(total=seconds)))


STATES = [state("completed", 10.0), state("completed", 30.0), PlannedState("missing"), state("diverged", 4.0),
          state("failed", 1.0), state("running", 1.0)]  # fmt: skip


def test_it_uses_the_median_of_the_variant_else_the_probed_time_else_the_median_of_all():
    """To do: baseline, median of 10 and 30; mlp, its 4; vgg, the median of 10, 30 and 4."""
    assert expected_seconds(VARIANTS, STATES, {}) == {"baseline": 20.0, "mlp": 4.0, "vgg": 10.0}
    assert estimate(VARIANTS, STATES) == "3 to do, about 34 s in sequence."
    assert estimate(VARIANTS, STATES, {"vgg": 6.0}) == "3 to do, about 30 s in sequence."


def test_without_a_finished_run_or_with_no_other_there_is_nothing_to_estimate():
    assert "No time estimate" in estimate(VARIANTS, [PlannedState("missing")] * 6)
    assert "No time estimate" in estimate(["a", "a"], [state("completed", math.inf), PlannedState("missing")])
    assert estimate(VARIANTS[:2], STATES[:2]) == "All done."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (12 * 3600, "12.0 h")],
)
def test_a_duration_has_the_unit_of_its_size(seconds, text):
    assert duration(seconds) == text
