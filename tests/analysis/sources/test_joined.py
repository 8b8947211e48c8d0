"""Several studies in one report."""

import shutil

import pytest

from ablate.analysis.report.write import write_report
from ablate.analysis.sources.any_source import Asked, results
from ablate.runs import run_record, study_plan
from ablate.terminal.errors import InputError
from tests.study.app.conftest import app  # noqa: F401  a fixture

pytestmark = pytest.mark.integration
STUDIES = {
    "models": ("model=resnet,cnn",),
    "dropouts": ("dropout=0.0,0.5",),
    "other": ("dropout=0.5,0.0",),
    "both": ("model=resnet,cnn", "dropout=0.0,0.5"),
    "losses": ("model=resnet,vit",),
}


@pytest.fixture(scope="module")
def studies(app, tmp_path_factory):  # noqa: F811
    """Studies of the foreign app: the baseline of `other` has another dropout, `losses` another metric."""
    folder = tmp_path_factory.mktemp("studies")
    for name, words in STUDIES.items():
        metric = "loss" if name == "losses" else "acc"
        settings = (f"hydra.sweeper.name={name}", f"hydra.sweeper.metric={metric}")
        ended = app(folder, "-m", "hydra/sweeper=ablate", *settings, *words, "seed=0,1,2")
        assert ended.returncode == 0, ended.stderr
    return folder / "outputs"


@pytest.fixture
def folder(studies, tmp_path):
    """A copy of them to change something in."""
    return shutil.copytree(studies, tmp_path / "outputs")


def value(study, place):
    return run_record.read(study / place).metrics["acc"]


def test_variants_of_both_are_compared_with_the_one_baseline(folder):
    joined = results(folder / "models", Asked(), folder / "dropouts")
    assert joined.plan.factors == {"model": ["resnet", "cnn"], "dropout": ["0.0", "0.5"]}
    table = joined.effects.set_index("variant")
    assert list(table.index) == ["baseline", "model=cnn", "dropout=0.5"] and table["n"].tolist() == [3, 3, 3]
    for variant, study in (("model=cnn", "models"), ("dropout=0.5", "dropouts")):
        pairs = [
            value(folder / study, f"{variant}/seed={seed}") - value(folder / "models", f"baseline/seed={seed}")
            for seed in range(3)
        ]
        assert table.loc[variant, "difference"] == pytest.approx(sum(pairs) / 3)
    assert "3 runs are in more than one of them with equal configurations" in joined.assumptions[0]
    assert write_report(joined) == 0
    assert (folder / "models+dropouts/report/report.pdf").stat().st_size > 10_000
    assert "../../dropouts/dropout" in (folder / "models+dropouts/report/report.html").read_text()
    assert not (folder / "models/report").exists()


def test_a_run_that_one_study_lacks_is_that_of_the_other(folder):
    shutil.rmtree(folder / "models/baseline/seed=1")
    joined = results(folder / "models", Asked(), folder / "dropouts")
    assert set(joined.runs["status"]) == {"completed"} and joined.effects["n"].tolist() == [3, 3, 3]


def test_three_studies_and_another_metric(folder):
    joined = results(folder / "models", Asked(metric="loss"), folder / "both", folder / "dropouts")
    assert len(joined.effects) == 4 and joined.metric.direction == "min"
    accuracy = sum(value(folder / "models", f"baseline/seed={seed}") for seed in range(3)) / 3
    assert joined.effects["mean"].iloc[0] == pytest.approx(1 - accuracy)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("models", "other"), "settings of their baselines differ: dropout is 0.0 and 0.5"),
        (("dropouts", "other"), "baselines differ: dropout is 0.0 and 0.5"),
        (("models", "losses"), "metrics differ: metric.name is acc and loss"),
        (("models", "models"), "is named more than once"),
        (("models", "absent"), "is not a study"),
    ],
)
def test_studies_that_cannot_be_joined_are_refused_with_the_difference(studies, names, message):
    with pytest.raises(InputError) as error:
        results(studies / names[0], Asked(), *(studies / name for name in names[1:]))
    assert message in str(error.value)


def test_one_variant_and_seed_with_two_configurations_is_refused(folder):
    plan = study_plan.read(folder / "dropouts")
    text = (folder / "dropouts/study.json").read_text()
    (folder / "dropouts/study.json").write_text(text.replace(plan.runs[0].config_sha256, "0" * 64))
    with pytest.raises(InputError, match="models/baseline/seed=0 and dropouts/baseline/seed=0 have the same variant"):
        results(folder / "models", Asked(), folder / "dropouts")


def test_options_of_tables_do_not_apply(studies):
    with pytest.raises(InputError, match="--minimize is for tables .* Remove --minimize"):
        results(studies / "models", Asked(direction="min"), studies / "dropouts")
