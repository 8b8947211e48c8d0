"""What `ablate plan --power` prints of a study with stages."""

import re
from pathlib import Path

import msgspec
import pytest

from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.stages import power as stage_power
from ablate.analysis.stats.stages import StagePlan
from ablate.runs.metric import ACCURACY
from ablate.terminal.errors import InputError
from tests.runs.test_stages import plan

NOWHERE = Path("no such folder")


def numbers(line: str) -> list[float]:
    return [float(text) for text in re.findall(r"\d+\.\d+", line)]


def test_boundaries_are_those_of_the_test_at_each_look():
    stage_plan = StagePlan((3, 8), 2)
    lines = stage_power.boundaries(stage_plan, 0.5, MetricFormat(ACCURACY))
    assert "points at an SD of 0.5" in lines[0]
    for line, size, alone, first in zip(
        lines[1:], (3, 8), stage_plan.looks_of().critical(0.05), stage_plan.looks_of().critical(0.025), strict=True
    ):
        assert f"after {size} seeds" in line
        assert numbers(line) == pytest.approx([0.5 * alone / size**0.5, 0.5 * first / size**0.5], rel=0.005)


def test_the_expected_number_of_runs_follows_from_the_effects():
    large = stage_power.preview(plan(), NOWHERE, [[-9, 0.1]])
    assert "Expected: 6 runs" in large[-3]  # two seeds of three variants
    none = stage_power.preview(plan(), NOWHERE, [[0, 30], [0, 30]])
    assert re.search(r"Expected: 1[12] runs .* instead of 12", none[-3])
    assert none[-1].startswith("  +0 points (SD 30): 4 seeds")


def test_a_study_without_variants_has_nothing_to_compare():
    alone = [run for run in plan().runs if run.variant == "baseline"]
    assert "nothing to compare" in stage_power.preview(msgspec.structs.replace(plan(), runs=alone), NOWHERE)[0]


@pytest.mark.parametrize("expect", [[[1]], [1, 2], [[1, 0]], [["a", 1]], [[1, 1]] * 3, [[1, float("nan")]]])
def test_effects_that_cannot_be_used_are_refused(expect):
    with pytest.raises(InputError, match=r"\[difference, SD\]"):
        stage_power.preview(plan(), NOWHERE, expect)
