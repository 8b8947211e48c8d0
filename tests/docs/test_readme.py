"""The README lists every option of every group."""

import re

import pytest

from ablate.config import CONF
from tests.docs.pages import ROOT

ROWS = dict(re.findall(r"^\| `([\w/]+)` \| (.+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("group", sorted(ROWS.keys() - {"trainer"}))  # the row of `trainer` lists its keys
def test_every_option_is_listed(group):
    options = {path.stem for path in (CONF / group).glob("*.yaml")}
    assert options, group
    assert {name for name in options if re.search(rf"\b{name}\b", ROWS[group])} == options


def test_every_group_is_listed():
    groups = {path.name for path in CONF.iterdir() if path.is_dir()} - {"hydra", "rubric", "submission"}
    assert groups <= set(ROWS)
