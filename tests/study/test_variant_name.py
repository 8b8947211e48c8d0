"""Names of variants, which are their folders."""

import re
import unicodedata

import pytest

from ablate.study.variant_name import LONGEST, variant_name


def test_folder_names_are_safe_short_and_different():
    baseline = {"data.root": "a", "augmentation": "none"}
    names = {
        variant_name({**baseline, factor: level}, baseline)
        for factor, level in [
            ("data.root", "/a/b"), ("data.root", "/a-b"), ("data.root", "../x"), ("augmentation", "[flip,cutout]"),
            ("data.root", "x" * 300), ("data.root", "x" * 299),
        ]
    }  # fmt: skip
    assert len(names) == 6
    assert "augmentation=[flip,cutout]" in names
    assert all("/" not in name and len(name) <= LONGEST for name in names)


def test_a_folder_name_of_120_characters_is_kept_and_a_longer_one_cut_to_120():
    whole, longer = (variant_name({"f": "x" * count}, {"f": "a"}) for count in (118, 119))
    assert whole == "f=" + "x" * 118 and re.fullmatch(r"f=x{109}-[0-9a-f]{8}", longer) and len(longer) == 120


def test_a_variant_is_not_named_after_a_home_folder():
    baseline = {"data.root": "/data/a"}
    names = {variant_name({"data.root": f"/home/{user}/b"}, baseline) for user in ("ada", "bob")}
    assert len(names) == 2
    assert all(re.fullmatch(r"data\.root=--b-[0-9a-f]{8}", name) for name in names), names


@pytest.mark.parametrize("level", ["é" * 100, "日" * 90, "👩\u200d🔬" * 30, "x" * 400, "cafe\u0301", "a/b", "'é=1'"])
def test_folders_of_variants_fit_into_any_file_system(tmp_path, level):
    names = [variant_name({"data.root": text}, {"data.root": "a"}) for text in (level, level + "2")]
    assert len(set(names)) == 2 and max(len(name.encode()) for name in names) <= LONGEST
    for name in names:
        assert unicodedata.is_normalized("NFC", name)  # macOS stores no other form
        (tmp_path / name).mkdir()
    assert {path.name for path in tmp_path.iterdir()} == set(names)
