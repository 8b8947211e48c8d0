"""What `ablate plan` prints of a fraction: Montgomery's half fraction, and the saturated 2^(7-4)."""

from dataclasses import replace

import numpy as np
import pytest

from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import aliases, plan
from ablate.study.factors import Sweep
from tests.study.test_plan import SETTINGS


def planned(count: int, **settings) -> StudyPlan:
    pytest.importorskip("pydoe")
    factors = {f"f{k}": ["off", "on"] for k in range(count)}
    runs = [
        PlannedRun(variant=run.variant, factors=run.factors, seed=run.seed, folder=run.folder, config_sha256="")
        for run in plan.replicates(Sweep((), factors, (0, 1)), replace(SETTINGS, **settings))
    ]
    baseline = {name: "off" for name in factors}
    design = settings["design"]
    return StudyPlan(name="s", design=design, baseline=baseline, factors=factors, seeds=[0, 1], command="", runs=runs)


def test_the_half_fraction_of_four_factors():
    lines = aliases.describe(planned(4, design="fractional"))
    assert lines[0] == "8 of 16 combinations. Effects: A f0=on, B f1=on, C f2=on, D f3=on."
    assert lines[1] == "Resolution IV. Generators: D = ABC. Defining relation: I = ABCD."
    assert lines[2] == "Aliased, assuming no interactions of three or more factors: AB = CD, AC = BD, AD = BC."
    assert lines[3] == "Main effects are separate from each other and from two-way interactions."


def test_the_saturated_fraction_has_every_main_effect_with_three_interactions():
    """Montgomery, example 8.7: each main effect of 2^(7-4) is aliased with three two-way interactions."""
    design = planned(7, design="fractional", resolution=3)
    groups = aliases.aliased(aliases.signs_of(design))
    assert [[len(term) for term, _ in group] for group in groups] == [[1, 2, 2, 2]] * 7
    lines = aliases.describe(design)
    assert lines[1].startswith("Resolution III. Generators: ") and lines[1].count(" = ") == 4 and len(lines) == 3


def test_a_screening_design_says_how_strongly_it_is_aliased():
    lines = aliases.describe(planned(11, design="plackett_burman"))
    assert lines[0].startswith("12 of 2048 combinations.")
    assert len(lines) == 2 and "partly aliased with two-way interactions (correlations up to 0.33)" in lines[1]


def test_another_design_has_no_aliases():
    assert aliases.describe(planned(3, design="factorial")) == []


def test_words_and_their_signs_by_hand():
    """C = -AB: I = -ABC."""
    signs = np.array([[-1, -1, -1], [1, -1, 1], [-1, 1, 1], [1, 1, -1.0]])
    assert list(aliases.words(signs, 3)) == [((0, 1, 2), -1)]
    assert aliases.aliased(signs) == [[((0,), 1), ((1, 2), -1)], [((1,), 1), ((0, 2), -1)], [((2,), 1), ((0, 1), -1)]]
