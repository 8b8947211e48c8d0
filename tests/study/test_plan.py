"""Factors and seeds -> variants, runs and their folders."""

from dataclasses import replace

import pytest

from ablate.config.schema import StudySettings
from ablate.study import plan
from ablate.study.factors import Sweep
from ablate.terminal.errors import InputError

SETTINGS = StudySettings(
    "s",
    "factorial",
    resolution=None,
    foldover=None,
    of=None,
    draws=None,
    draw_seed=0,
    bundles={},
    exclude=[],
    extend=False,
    block=None,
    stages=[],
)


def test_factorial_is_the_product_with_the_baseline_first():
    sweep = Sweep((), {"model": ["mlp", "cnn"], "normalization": ["none", "batch", "layer"]}, (0, 1))
    runs = plan.replicates(sweep, SETTINGS)
    assert len(runs) == len({run.folder for run in runs}) == 12
    assert [run.folder for run in runs[:3]] == ["baseline/seed=0", "baseline/seed=1", "normalization=batch/seed=0"]
    assert runs[-1].variant == "model=cnn+normalization=layer"
    assert runs[-1].factors == {"model": "cnn", "normalization": "layer"}


def test_a_rule_leaves_out_the_variants_it_matches():
    factors = {"model": ["cnn", "mlp"], "normalization": ["none", "instance"]}
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


def test_a_block_has_every_variant_in_each_of_its_levels():
    factors = {"data": ["a", "b"], "model": ["cnn", "mlp"], "normalization": ["none", "batch"]}
    blocked = plan.in_blocks(replace(SETTINGS, design="one_at_a_time", block="data"), factors)
    inner = [("cnn", "none"), ("mlp", "none"), ("cnn", "batch")]
    assert [tuple(variant.values()) for variant in blocked] == [(level, *one) for level in "ab" for one in inner]
    assert plan.in_blocks(SETTINGS, factors) == plan.variants(SETTINGS, factors)


def test_a_block_that_is_not_swept_over_is_refused():
    with pytest.raises(InputError, match="data=A,B"):
        plan.in_blocks(replace(SETTINGS, block="data"), {"model": ["cnn", "mlp"]})


def test_more_combinations_than_fit_into_memory_are_refused(monkeypatch):
    monkeypatch.setattr(plan, "TOO_MANY", 2_000)  # fewer, to save time
    factors = {f"f{number}": ["0", "1"] for number in range(60)}
    many = {**factors, "data": [str(number) for number in range(10_000)]}
    for settings in (SETTINGS, replace(SETTINGS, block="data"), replace(SETTINGS, design="random", draws=10**9)):
        with pytest.raises(InputError, match=r"more than 60,000 runs"):
            plan.replicates(Sweep((), many, (0,)), settings)
