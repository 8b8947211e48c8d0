"""Factors and seeds -> variants, runs and their folders."""

import re
import unicodedata
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


@pytest.mark.parametrize("level", ["é" * 100, "日" * 90, "👩\u200d🔬" * 30, "x" * 400, "cafe\u0301", "a/b", "'é=1'"])
def test_folders_of_variants_fit_into_any_file_system(tmp_path, level):
    names = [plan.variant_name({"data.root": text}, {"data.root": "a"}) for text in (level, level + "2")]
    assert len(set(names)) == 2 and max(len(name.encode()) for name in names) <= plan.LONGEST
    for name in names:
        assert unicodedata.is_normalized("NFC", name)  # macOS stores no other form
        (tmp_path / name).mkdir()
    assert {path.name for path in tmp_path.iterdir()} == set(names)
