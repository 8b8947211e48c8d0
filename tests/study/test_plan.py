"""Overrides -> variants and runs."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from msgspec import structs

from ablate.config.schema import StudySettings
from ablate.runs import run_record, study_plan
from ablate.runs.metric import Metric, named
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun, StudyPlan
from ablate.study import extend, plan
from ablate.terminal.errors import InputError

SETTINGS = StudySettings("s", "factorial", draws=None, draw_seed=0, bundles={}, exclude=[], extend=False)
BUNDLES = {"regularisation": {"full": [], "no": ["augmentation=none", "optimizer.weight_decay=0"]}}


def read(*words: str, bundles: plan.Bundles | None = None) -> plan.Sweep:
    return plan.read(OverridesParser.create().parse_overrides(list(words)), bundles)


def test_lists_are_factors_seed_is_the_replicate_and_the_rest_is_fixed():
    sweep = read(
        "data=digits", "model=mlp,cnn", "seed=3,1", "optimizer.lr=0.1,0.01", "study.name=x", "trainer.epochs=choice(2)"
    )
    assert sweep.factors == {"model": ["mlp", "cnn"], "optimizer.lr": ["0.1", "0.01"]}
    assert sweep.seeds == (3, 1)
    assert sweep.fixed == ("data=digits", "trainer.epochs=2")


def test_the_last_of_two_overrides_counts():
    assert read("model=mlp,cnn", "model=vgg") == plan.Sweep(("model=vgg",), {}, (0,))
    assert read("model=vgg", "model=mlp,cnn").factors == {"model": ["mlp", "cnn"]}


def test_a_level_given_twice_counts_once_and_is_said(caplog):
    assert read("model=mlp,cnn,mlp").factors == {"model": ["mlp", "cnn"]}
    assert "model=mlp,cnn,mlp: a level that is given twice counts once" in caplog.text
    caplog.clear()
    read("model=mlp,cnn")
    assert not caplog.text


def test_hydras_override_grammar_is_understood():
    sweep = read("seed=range(3)", "augmentation=none,[flip,cutout]", "optimizer.lr=choice(1,2)")
    assert sweep.seeds == (0, 1, 2)
    assert sweep.factors == {"augmentation": ["none", "[flip,cutout]"], "optimizer.lr": ["1", "2"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimizer.lr=interval(0,1)"], "has no levels"),
        (["study.name=a,b"], "not a factor"),
        (["hydra/launcher=basic,local"], "not a factor"),
        (["seed=0,one"], "whole number"),
    ],
)
def test_what_is_no_study_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        read(*words)


def test_factorial_is_the_product_with_the_baseline_first():
    sweep = read("model=mlp,cnn", "normalization=none,batch,layer", "seed=0,1")
    runs = plan.replicates(sweep, SETTINGS)
    assert len(runs) == len({run.folder for run in runs}) == 12
    assert [run.folder for run in runs[:3]] == ["baseline/seed=0", "baseline/seed=1", "normalization=batch/seed=0"]
    assert runs[-1].variant == "model=cnn+normalization=layer"
    assert runs[-1].factors == {"model": "cnn", "normalization": "layer"}


def test_a_bundle_is_a_factor_whose_levels_are_several_overrides():
    sweep = read("data=digits", "model=mlp,cnn", bundles=BUNDLES)
    assert sweep.factors == {"model": ["mlp", "cnn"], "regularisation": ["full", "no"]}
    variants = plan.variants(replace(SETTINGS, design="one_at_a_time"), sweep.factors)
    assert [sweep.overrides(variant) for variant in variants] == [
        ["data=digits", "model=mlp"],
        ["data=digits", "model=cnn"],
        ["data=digits", "model=mlp", "augmentation=none", "optimizer.weight_decay=0"],
    ]
    # Swept over by name, it has the levels and the place among the factors that it is given.
    assert list(read("regularisation=no,full", "model=mlp,cnn", bundles=BUNDLES).factors) == ["regularisation", "model"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["regularisation=full,half"], "has the levels full, no"),
        (["augmentation=flip,none"], "both set augmentation"),
    ],
)
def test_a_bundle_that_cannot_be_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        read(*words, bundles=BUNDLES)


def test_a_bundle_cannot_be_named_as_a_column_of_the_report():
    with pytest.raises(InputError, match=r"study\.bundles\.status: reports have a column"):
        read("model=mlp,cnn", bundles={"status": BUNDLES["regularisation"]})


def test_a_rule_leaves_out_the_variants_it_matches():
    factors = read("model=cnn,mlp", "normalization=none,instance").factors
    kept = plan.variants(replace(SETTINGS, exclude=[{"model": "mlp", "normalization": "instance"}]), factors)
    assert [tuple(variant.values()) for variant in kept] == [("cnn", "none"), ("cnn", "instance"), ("mlp", "none")]
    drawn = plan.variants(replace(SETTINGS, design="random", draws=3, exclude=[{"model": "mlp"}]), factors)
    assert len(drawn) == 2  # all that the rule leaves


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"model": "cnn"}, "excludes the baseline"),
        ({"modle": "mlp"}, "is not a factor"),
        ({"model": "vgg"}, "is not a factor"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule, message):
    with pytest.raises(InputError, match=message):
        plan.variants(replace(SETTINGS, exclude=[rule]), {"model": ["cnn", "mlp"]})


def test_folder_names_are_safe_short_and_different():
    baseline = {"data.root": "a", "augmentation": "none"}
    names = {
        plan.variant_name({**baseline, factor: level}, baseline)
        for factor, level in [
            ("data.root", "/a/b"), ("data.root", "/a-b"), ("data.root", "../x"), ("augmentation", "[flip,cutout]"),
            ("data.root", "x" * 300), ("data.root", "x" * 299),
        ]
    }  # fmt: skip
    assert len(names) == 6
    assert "augmentation=[flip,cutout]" in names
    assert all("/" not in name and len(name) <= plan.LONGEST for name in names)


def test_a_folder_name_of_120_characters_is_kept_and_a_longer_one_cut_to_120():
    whole, longer = (plan.variant_name({"f": "x" * count}, {"f": "a"}) for count in (118, 119))
    assert whole == "f=" + "x" * 118 and re.fullmatch(r"f=x{109}-[0-9a-f]{8}", longer) and len(longer) == 120


def test_a_variant_is_not_named_after_a_home_folder():
    baseline = {"data.root": "/data/a"}
    names = {plan.variant_name({"data.root": f"/home/{user}/b"}, baseline) for user in ("ada", "bob")}
    assert len(names) == 2
    assert all(re.fullmatch(r"data\.root=--b-[0-9a-f]{8}", name) for name in names), names


def study(design: str, seeds: list[int]) -> StudyPlan:
    """A plan as the sweeper writes it: model=mlp against model=cnn."""
    sweep = read("model=mlp,cnn", f"seed={','.join(map(str, seeds))}")
    runs = [
        PlannedRun(variant=run.variant, factors=run.factors, seed=run.seed, folder=run.folder, config_sha256="0")
        for run in plan.replicates(sweep, SETTINGS)
    ]
    return StudyPlan(
        name="s", design=design, baseline={"model": "mlp"}, factors=sweep.factors, seeds=seeds,
        command="ablate train -m ...", runs=runs,
    )  # fmt: skip


def test_a_plan_grows_by_seeds_when_asked_and_keeps_its_runs_otherwise(tmp_path):
    small, large = study("factorial", [3, 1]), study("factorial", [2, 3])
    assert extend.extended(tmp_path, small, extend=False) == small  # the folder is empty
    study_plan.write(tmp_path, small)
    assert extend.extended(tmp_path, small, extend=False).runs == small.runs
    with pytest.raises(InputError, match=r"a study without 2 of the planned runs"):
        extend.extended(tmp_path, large, extend=False)
    both = extend.extended(tmp_path, large, extend=True)
    assert both.seeds == [1, 2, 3] and both.factors == {"model": ["mlp", "cnn"]}
    folders = [f"{variant}/seed={seed}" for variant in ("baseline", "model=cnn") for seed in (3, 1)]
    assert [run.folder for run in both.runs] == [*folders, "baseline/seed=2", "model=cnn/seed=2"]


def test_another_design_or_baseline_is_another_study(tmp_path):
    study_plan.write(tmp_path, study("factorial", [0]))
    with pytest.raises(InputError, match="with the design factorial"):  # even if its runs are the same
        extend.extended(tmp_path, study("one_at_a_time", [0]), extend=False)
    with pytest.raises(InputError, match="another baseline"):
        extend.extended(tmp_path, structs.replace(study("factorial", [0]), baseline={"model": "cnn"}), extend=True)


def test_a_margin_that_changes_after_a_result_is_recorded_and_one_that_changes_before_is_not(tmp_path):
    def planned(margin: float | None) -> StudyPlan:
        return extend.extended(
            tmp_path, structs.replace(study("factorial", [0, 1]), metric=Metric(margin=margin)), extend=False
        )

    study_plan.write(tmp_path, planned(2.0))
    assert planned(1.0).margin_changes == []
    study_plan.write(tmp_path, planned(1.0))
    for seed in (0, 1):
        folder = tmp_path / f"baseline/seed={seed}"
        folder.mkdir(parents=True)
        run_record.write(folder, RunRecord(status="completed", config_sha256="0", metrics={"val_accuracy": 0.5}))
    assert planned(1.0).margin_changes == []
    study_plan.write(tmp_path, planned(4.0))
    study_plan.write(tmp_path, planned(None))
    recorded = study_plan.read(tmp_path)
    assert recorded.margin is None
    assert [(c.before, c.after, c.results) for c in recorded.margin_changes] == [(1.0, 4.0, 2), (4.0, None, 2)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", c.time) for c in recorded.margin_changes)


@pytest.mark.parametrize("level", ["é" * 100, "日" * 90, "👩\u200d🔬" * 30, "x" * 400, "cafe\u0301", "a/b", "'é=1'"])
def test_folders_of_variants_fit_into_any_file_system(tmp_path, level):
    names = [plan.variant_name({"data.root": text}, {"data.root": "a"}) for text in (level, level + "2")]
    assert len(set(names)) == 2 and max(len(name.encode()) for name in names) <= plan.LONGEST
    for name in names:
        assert unicodedata.is_normalized("NFC", name)  # macOS stores no other form
        (tmp_path / name).mkdir()
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_a_metric_may_change_before_the_first_result_only(tmp_path):
    old, new = (structs.replace(study("factorial", [0]), metric=named(name)) for name in ("val_accuracy", "val_loss"))
    study_plan.write(tmp_path, old)
    assert extend.extended(tmp_path, new, extend=False).metric.name == "val_loss"
    (tmp_path / "baseline/seed=0").mkdir(parents=True)
    metrics = {"val_accuracy": 0.5, "val_loss": 1.0}
    run_record.write(tmp_path / "baseline/seed=0", RunRecord(status="completed", config_sha256="0", metrics=metrics))
    with pytest.raises(InputError, match=r"study\.metric was val_accuracy, now val_loss"):
        extend.extended(tmp_path, new, extend=True, retrain=True)
