"""Overrides -> factors, seeds and fixed settings."""

from dataclasses import replace

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ablate.study import factors, plan
from ablate.terminal.errors import InputError
from tests.study.test_plan import SETTINGS

BUNDLES = {"regularization": {"full": [], "no": ["augmentation=none", "optimizer.weight_decay=0"]}}


def read(*words: str, bundles: factors.Bundles | None = None) -> factors.Sweep:
    return factors.read(OverridesParser.create().parse_overrides(list(words)), bundles)


def test_lists_are_factors_seed_is_the_replicate_and_the_rest_is_fixed():
    sweep = read(
        "data=digits", "model=mlp,cnn", "seed=3,1", "optimizer.lr=0.1,0.01", "study.name=x", "trainer.epochs=choice(2)"
    )
    assert sweep.factors == {"model": ["mlp", "cnn"], "optimizer.lr": ["0.1", "0.01"]}
    assert sweep.seeds == (3, 1)
    assert sweep.fixed == ("data=digits", "trainer.epochs=2")


def test_the_last_of_two_overrides_counts():
    assert read("model=mlp,cnn", "model=vgg") == factors.Sweep(("model=vgg",), {}, (0,))
    assert read("model=vgg", "model=mlp,cnn").factors == {"model": ["mlp", "cnn"]}


def test_a_key_that_replaced_levels_add_is_still_added():
    assert read("+model.extra=1,2", "model.extra=3,4").overrides({"model.extra": "4"}) == ["+model.extra=4"]
    assert read("+model.extra=1,2", "model.extra=choice(3)").fixed == ("+model.extra=3",)
    assert read("+model.extra=1,2", "model.extra=3").fixed == ("+model.extra=1", "model.extra=3")


def test_without_a_seed_the_configuration_has_it():
    words = OverridesParser.create().parse_overrides(["model=mlp"])
    assert factors.read(words, seed=7).seeds == (7,) and factors.read(words, seed=7).seed_override(7) == ["seed=7"]
    without = factors.read(words, seed=None)
    assert without.seeds == (0,) and without.seed_override(0) == []
    added = factors.read(OverridesParser.create().parse_overrides(["+seed=3,4"]), seed=None)
    assert added.seeds == (3, 4) and added.seed_override(4) == ["++seed=4"]


def test_a_level_given_twice_counts_once_and_is_said(caplog):
    assert read("model=mlp,cnn,mlp").factors == {"model": ["mlp", "cnn"]}
    assert "model=mlp,cnn,mlp: a level that is given twice counts once" in caplog.text
    assert read("seed=0,1,00").seeds == (0, 1)
    assert "seed=0,1,00: a level that is given twice counts once" in caplog.text
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


def test_a_bundle_is_a_factor_whose_levels_are_several_overrides():
    sweep = read("data=digits", "model=mlp,cnn", bundles=BUNDLES)
    assert sweep.factors == {"model": ["mlp", "cnn"], "regularization": ["full", "no"]}
    variants = plan.variants(replace(SETTINGS, design="one_at_a_time"), sweep.factors)
    assert [sweep.overrides(variant) for variant in variants] == [
        ["data=digits", "model=mlp"],
        ["data=digits", "model=cnn"],
        ["data=digits", "model=mlp", "augmentation=none", "optimizer.weight_decay=0"],
    ]
    # Swept over by name, it has the levels and the place among the factors that it is given.
    assert list(read("regularization=no,full", "model=mlp,cnn", bundles=BUNDLES).factors) == ["regularization", "model"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["regularization=full,half"], "has the levels full, no"),
        (["augmentation=flip,none"], "both set augmentation"),
    ],
)
def test_a_bundle_that_cannot_be_is_refused(words, message):
    with pytest.raises(InputError, match=message):
        read(*words, bundles=BUNDLES)


def test_a_bundle_cannot_be_named_as_a_column_of_the_report():
    with pytest.raises(InputError, match=r"study\.bundles\.status: reports have a column"):
        read("model=mlp,cnn", bundles={"status": BUNDLES["regularization"]})
