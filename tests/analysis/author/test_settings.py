"""The YAML block of report.md: what it may say, and a sentence for everything else."""

import pytest

from ablate.analysis import collect
from ablate.analysis.author import settings, text, variants
from ablate.analysis.figures import NAMES
from ablate.terminal.errors import InputError
from tests.analysis.conftest import maker

RESULTS = {"baseline": {0: 0.5}, "model=b": {0: 0.4}, "norm=y": {0: 0.6}, "model=b+norm=y": {0: 0.7}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    make = maker(tmp_path_factory.mktemp("study"))
    return collect.collect(make(RESULTS, {"model": ["a", "b"], "norm": ["x", "y"]}))


@pytest.fixture
def apply(tmp_path, runs):
    """apply(block) -> the labels of the variants, in their order."""

    def apply(block: str) -> dict[str, str]:
        path = tmp_path / "report.md"
        path.write_text(f"---\n{block}\n---\n# Title\n")
        author = text.read(tmp_path)
        assert author.title == "Title"
        settings.check_figures(author.settings, NAMES, path)
        return collect.labels(variants.apply(runs, author.settings, path))

    return apply


def test_labels_and_order_by_folder_or_as_tables_name_a_variant(apply):
    plain = ["baseline", "model=b", "norm=y", "model=b, norm=y"]
    assert list(apply("").values()) == plain
    named = apply('labels: {norm=y: Batch norm, "model=b, norm=y": "1.50", baseline: no}\norder: [model=b+norm=y]')
    assert named == {"baseline": "no", "model=b+norm=y": "1.50", "model=b": "model=b", "norm=y": "Batch norm"}
    assert list(named) == ["baseline", "model=b+norm=y", "model=b", "norm=y"]
    assert list(apply("order: ['norm=y', 'model=b']")) == ["baseline", "norm=y", "model=b", "model=b+norm=y"]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("labels: {model=c: x}", "labels names 'model=c', which is no variant of the study. Did you mean model=b?"),
        ("order: [model=b, nothing]", "order names 'nothing', which is no variant"),
        ("labels: {model=b: x, model=b: y}", "'model=b' is repeated; remove one"),
        ('labels: {model=b+norm=y: x, "model=b, norm=y": y}', "labels names the variant model=b+norm=y twice"),
        ("order: [norm=y, norm=y]", "order names the variant norm=y twice"),
        ("labels: {model=b: x, norm=y: x}", "model=b and norm=y would both be labeled 'x'"),
        ("labels: {model=b: norm=y}", "model=b and norm=y would both be labeled 'norm=y'"),
        ("labels: {model=b: }", "must be one line of printable text"),
        ('labels: {model=b: "a\\nb"}', "must be one line of printable text"),
        ('labels: {model=b: "\\e[2J"}', "must be one line of printable text"),
        ("labels: {model=b: " + "x" * 121 + "}", "at most 120 characters"),
        ("labels: [a]", "Expected `object`, got `array` - at `$.labels`"),
        ("labels: {model=b: [x]}", "Expected `str`, got `array`"),
        ("labels: text", "Expected `object`, got `str`"),
        ("order: text", "Expected `array`, got `str`"),
        ("figures: [effect]", "no figure is called 'effect'. Did you mean effects?"),
        ("figures: [cost, cost]", "figures names cost twice"),
        ("label: {}", "unknown field `label`"),
        ("- a", "Expected `object`, got `array`"),
        ("text", "single value"),
        ("labels: {a: b", "is not valid YAML"),
        ("a: b: c", "line 2: the block between the lines --- is not valid YAML"),
        ("\ta: b", "is not valid YAML"),
        ("a: \x07", "is not valid YAML (invalid character)"),
        ("a: &a [x]\nb: *a", "aliases and tags are not supported"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]", "aliases and tags are not supported"),
        ("a: !!python/object/apply:os.system [id]", "aliases and tags are not supported"),
        ("a: " + "[" * 10_000, "levels deep"),
        ("? [a]\n: b", "cannot be used"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(apply, block, reason):
    with pytest.raises(InputError) as error:
        apply(block)
    assert reason in str(error.value) and "report.md" in str(error.value) and len(str(error.value)) < 700
