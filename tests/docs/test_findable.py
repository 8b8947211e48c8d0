"""What people search the documentation for is on a page of its guides."""

import pytest

from tests.docs.pages import ROOT

GUIDES = {path.stem: path.read_text().lower() for path in sorted((ROOT / "docs/how-to").glob("*.md"))}
SEARCHED = (
    *("class weights", "pretrained", "fine-tuning", "rename", "exclude", "metric", "imbalanced", "early stopping"),
    *("group", "csv", "corruption", "optimizer by name", "slurm", "front matter", "gradient accumulation"),
)


@pytest.mark.parametrize("words", SEARCHED)
def test_a_search_finds_a_guide(words):
    stem = words.removesuffix("e")  # rename: renaming
    assert any(stem in text for text in GUIDES.values())


def test_the_assignments_page_names_every_step():
    page = GUIDES["assignment"]
    steps = ("pip install", "ablate data", "ablate train study=assignment", "ablate train study=full_marks")
    order = [page.index(step) for step in (*steps, "ablate test", "report.md", "assignment_1.ipynb", "ablate submit")]
    assert order == sorted(order)
