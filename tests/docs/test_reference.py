"""The generated reference has every key with its default, every option and every command."""

import dataclasses
import re

import pytest
from omegaconf import OmegaConf

from ablate import cli
from ablate.config import CONF, schema
from docs.reference import generate

SCHEMA = [
    (kind, field)
    for kind in schema.nodes().values()
    for field in dataclasses.fields(kind)
    if "allowed" in field.metadata and field.name in vars(kind).get("__annotations__", {})
]


@pytest.fixture(scope="module")
def page() -> str:
    return generate.configuration()


@pytest.fixture(scope="module")
def rows(page) -> list[list[str]]:
    """The cells of each table row that describes a key."""
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in page.splitlines() if "|" in line]
    return [[re.sub(r"^`([\w.]+)`.*", r"\1", row[0].strip("| ")), *row[1:]] for row in cells if len(row) == 5]


def test_every_key_of_the_schema_has_a_row_with_its_meaning_unit_and_range(rows):
    assert len(SCHEMA) > 80
    for kind, field in SCHEMA:
        allowed = field.metadata["allowed"]
        matching = [row for row in rows if row[0].rpartition(".")[2] == field.name and row[1] == allowed.doc]
        assert matching, f"{kind.__name__}.{field.name}"
        assert all(allowed.unit in row[2] and row[3] == str(allowed) for row in matching)


def test_every_key_of_every_option_file_is_listed(rows):
    names = {row[0] for row in rows}
    visited = 0
    for path in CONF.glob("*/*.yaml"):
        group = path.parent.name
        if group not in generate.GROUPS or group == "study":
            continue
        content = OmegaConf.to_container(OmegaConf.load(path)) or {}
        nested = [f"{part}.{key}" for part, node in content.items() if isinstance(node, dict) for key in node]
        for key in [*(key for key, value in content.items() if not isinstance(value, dict)), *nested]:
            if key.rpartition(".")[2] not in ("defaults", "_target_"):
                assert f"{group}.{key}" in names, path
                visited += 1
    assert visited > 100


@pytest.mark.parametrize(
    ("key", "kind", "allowed", "default"),
    [
        ("seed", "integer", "at least 0 and below 2^63", "`0`"),
        ("study.margin", "number, or null", "above 0", "`1`"),
        (
            "data.image_size",
            "integer (pixels)",
            "at least 4 and at most 1024",
            "`32` in huggingface, image_folder, table",
        ),
        (
            "optimizer.lr",
            "number",
            "above 0",
            "`0.001` in adam, adamw, rmsprop; `0.02` in muon; `0.01` in sam, sgd; `0.0025` in schedule_free;"
            " `0.0003` in timm",
        ),
        (
            "optimizer.weight_decay",
            "number",
            "at least 0",
            "`0` in adam, rmsprop, sam, schedule_free, sgd; `0.01` in adamw, muon, timm",
        ),
        ("augmentation.cutout.size", "number", "above 0", "`16` in cutout"),
        ("trainer.channels_last", "true or false", "", "`true`"),
        ("trainer.device", "text", "one of auto, cpu, cuda, mps", "`auto`"),
        ("model.hidden", "list of integers", "at least 1", "`[128, 256, 512]` in mlp"),
    ],
)
def test_type_range_and_default_of_a_key(rows, key, kind, allowed, default):
    (row,) = [row for row in rows if row[0] == key]
    assert row[2:] == [kind, allowed, default]


def test_every_option_and_preset_is_listed_with_a_description(page):
    listed = dict(re.findall(r"^\| `(\w+=\w+)` \| (.+) \|$", page, re.M))
    expected = {
        f"{path.parent.name}={path.stem}"
        for path in CONF.glob("*/*.yaml")
        if path.parent.name in {*generate.GROUPS, *generate.PRESETS} - {"trainer"}
    }
    assert set(listed) == expected and len(expected) > 60
    assert all(len(description) > 5 for description in listed.values())
    assert "**" not in page and "(_target_" not in page  # no generated docstring of a dataclass


@pytest.mark.integration
def test_every_command_has_its_help():
    page = generate.commands()
    for verb in cli.VERBS:
        assert f"\n## ablate {verb}\n" in page
    assert "--allow-partial" in page and "--extend" in page
