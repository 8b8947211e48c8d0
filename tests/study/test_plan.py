"""Overrides -> variants and runs."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ablate.errors import InputError
from ablate.study import plan


def read(*words: str) -> plan.Sweep:
    return plan.read(OverridesParser.create().parse_overrides(list(words)))


def test_lists_are_factors_seed_is_the_replicate_and_the_rest_is_fixed():
    sweep = read(
        "data=digits", "model=mlp,cnn", "seed=3,1", "optimizer.lr=0.1,0.01", "study.name=x", "trainer.epochs=choice(2)"
    )
    assert sweep.factors == {"model": ["mlp", "cnn"], "optimizer.lr": ["0.1", "0.01"]}
    assert sweep.baseline == {"model": "mlp", "optimizer.lr": "0.1"}
    assert sweep.seeds == (3, 1)
    assert sweep.fixed == ("data=digits", "trainer.epochs=2")


def test_the_last_of_two_overrides_counts():
    assert read("model=mlp,cnn", "model=vgg") == plan.Sweep(("model=vgg",), {}, (0,))
    assert read("model=vgg", "model=mlp,cnn").factors == {"model": ["mlp", "cnn"]}


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
    runs = plan.runs(sweep, "factorial")
    assert len(runs) == len({run["folder"] for run in runs}) == 12
    assert [run["folder"] for run in runs[:3]] == ["baseline/seed=0", "baseline/seed=1", "normalization=batch/seed=0"]
    assert runs[-1]["variant"] == "model=cnn+normalization=layer"
    assert runs[-1]["factors"] == {"model": "cnn", "normalization": "layer"}


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


def test_the_rerun_command_is_a_shell_line_without_the_study():
    assert (
        plan.rerun_command(["model=cnn", "study.name=x", "data.root=my data"])
        == "ablate train model=cnn 'data.root=my data'"
    )
    assert plan.rerun_command(["study=tiny", "seed=1"]) == "ablate train study=tiny seed=1 hydra.mode=RUN"
