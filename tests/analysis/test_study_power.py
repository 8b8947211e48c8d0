import msgspec
import pytest
from msgspec.structs import replace

from ablate.analysis import study_power
from ablate.runs import study_plan
from ablate.runs.metric import Metric, named
from ablate.runs.study_plan import StudyPlan

FACTORS = {"model": ["a", "b", "c"]}
BASE = {0: 0.70, 1: 0.71, 2: 0.72}


def test_before_a_study(tmp_path):
    common = {"factors": {}, "seed": 0, "config_sha256": ""}
    runs = [{**common, "variant": name, "folder": name} for name in ("baseline", "model=b")]
    content = {"name": "s", "baseline": {}, "factors": {}, "seeds": [0, 1, 2], "command": "", "runs": runs}
    plan = msgspec.convert(content, StudyPlan)
    (sentence,) = study_power.preview(plan, tmp_path)
    assert "3 seeds" in sentence and "over 1 planned variant," in sentence and "3.26 standard deviations" in sentence
    assert "descriptive" in study_power.preview(replace(plan, seeds=[0]), tmp_path)[0]
    assert "nothing" in study_power.preview(replace(plan, runs=plan.runs[:1]), tmp_path)[0]


def test_a_block_is_no_variant(tmp_path):
    """Two networks on two data sets: one comparison, as in the report."""
    run = {"seed": 0, "config_sha256": ""}
    runs = [run | {"variant": f"{data}{net}", "folder": f"{data}{net}", "factors": {"data": data, "model": net}}
            for data in ("digits", "fashion") for net in ("mlp", "cnn")]  # fmt: skip
    content = {"name": "s", "baseline": {"data": "digits", "model": "mlp"}, "seeds": [0, 1, 2], "command": "",
               "factors": {"data": ["digits", "fashion"], "model": ["mlp", "cnn"]}, "block": "data"}  # fmt: skip
    (sentence,) = study_power.preview(msgspec.convert(content | {"runs": runs}, StudyPlan), tmp_path)
    assert "over 1 planned variant," in sentence


@pytest.mark.parametrize(("largest", "possible"), [(None, True), (500.0, True), (100.0, False)])
def test_a_difference_that_no_metric_can_have_is_not_promised(largest, possible):
    """With two seeds, d_z is 11.5 at alpha .05 (scipy's nct): with an SD of 10 points, 115 points."""
    sentence = study_power.smallest(2, 1, 10.0, largest=largest)
    assert ("for differences of at least 115 points" in sentence) == possible
    assert ("even the largest possible difference (100 points) has less than 80 % power" in sentence) != possible


@pytest.mark.parametrize(
    ("metric", "largest"),
    [("val_accuracy", 100), ("val_ece", 100), ("val_loss", None), ("val_nll", None), ("acc", None)],
)
def test_the_largest_difference_of_a_metric(metric, largest):
    assert named(metric).largest_difference == largest


def test_after_it_only_what_is_open_wants_seeds(make_study):
    """Differences of b: -1, 0, 1 points: SD 1, its upper 80 % limit sqrt(2 / .446) = 2.12 (chi-squared of 2 df).

    scipy's nct, d_z = 1 / 2.117 and alpha = .05 / 2: power .795 with 45 seeds, .805 with 46.
    """
    results = {"baseline": BASE, "model=b": {0: 0.69, 1: 0.71, 2: 0.73}, "model=c": {0: 0.5, 1: 0.511, 2: 0.521}}
    folder = make_study(results, FACTORS)
    plan = study_plan.read(folder)
    study_plan.write(folder, replace(plan, metric=Metric(margin=1.0), command="ablate train -m model=a,b,c"))
    one, looked, fresh, staged, command = study_power.undecided(folder)
    assert one.startswith("model=b: inconclusive. 46 seeds (43 more) have 80 % power for a difference of ±1 points")
    assert "second look" in looked and "above 5 %" in looked
    assert fresh == "A new study: ablate train -m model=a,b,c model=a,b 'seed=range(3,49)' study.name=study_confirm"
    assert staged.endswith("'seed=range(3,49)' study.name=study_confirm 'study.stages=[3,5,8,13,21,46]'")
    assert command == "To extend this one: ablate train -m model=a,b,c model=a,b 'seed=range(3,46)' --extend"
    assert len(study_power.preview(plan, folder)) == 6


@pytest.mark.parametrize("margin", [None, 50.0])
def test_without_a_margin_or_an_open_question_none_is_asked_for(make_study, margin):
    folder = make_study({"baseline": BASE, "model=c": {0: 0.5, 1: 0.511, 2: 0.521}}, FACTORS)
    study_plan.write(folder, replace(study_plan.read(folder), metric=Metric(margin=margin)))
    assert study_power.undecided(folder) == []
