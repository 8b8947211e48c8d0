"""Schema, `conf/` and code agree: options have all their keys, keys have descriptions, targets exist."""

import dataclasses
import importlib
import inspect
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_object
from omegaconf import OmegaConf

from ablate.config import CONF, register, schema, validate
from ablate.model.build import FINE_TUNING

register()

GROUPS = ("data", "model", "normalization", "activation", "augmentation", "optimizer", "schedule", "loss", "logger")
OPTIONS = sorted(path for group in GROUPS for path in (CONF / group).glob("*.yaml"))
# Arguments that the program passes to an option in addition to its keys.
ARGUMENTS = {
    "data": {"part"},
    "model": {"classes", "channels", "image_size", "normalization", "activation"},
    "optimizer": {"model"},
    "schedule": {"epochs", "steps_per_epoch"},
    "logger": {"run"},
}


def targets(path: Path) -> list[dict]:
    """The nodes of an option file that have a `_target_`."""
    content = OmegaConf.to_container(OmegaConf.load(path)) or {}
    return [node for node in (content, *content.values()) if isinstance(node, dict) and "_target_" in node]


def name(path: Path) -> str:
    return f"{path.parent.name}={path.stem}"


def test_every_group_is_visited():
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert groups == {*GROUPS, "trainer", "study", "experiment", "hydra", "rubric", "submission"}
    assert {path.parent.name for path in OPTIONS} == set(GROUPS)


FILES = ("image_folder", "table", "huggingface")  # options of `data` that need a folder


@pytest.mark.parametrize("path", OPTIONS, ids=name)
def test_an_option_composes_and_is_valid(path):
    needed = {"native": ["model=torchvision"], **{key: ["data.root=/somewhere"] for key in FILES}}
    needed["distillation"] = ["loss.teacher=/somewhere"]
    words = [name(path), *needed.get(path.stem, [])]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        validate(compose("config", words))


@pytest.mark.parametrize("path", OPTIONS, ids=name)
def test_a_target_is_in_the_module_of_its_group_and_accepts_the_keys_of_its_option(path):
    group = path.parent.name
    for node in targets(path):
        assert node["_target_"].startswith(f"ablate.{group}.")
        signature = inspect.signature(get_object(node["_target_"]))
        common = {f.name for f in dataclasses.fields(schema.DataSettings)} if group == "data" else {*FINE_TUNING}
        keys = {key: None for key in node.keys() - common - {"_target_", "defaults"}}
        signature.bind(**keys, **dict.fromkeys(ARGUMENTS.get(group, ())))
    assert targets(path) or path.stem in ("none", "flip_crop")


@pytest.mark.parametrize("group", ["activation", "loss", "normalization", "optimizer", "schedule"])
def test_code_that_could_be_an_option_is_one(group):
    """In a group of one file, each public function that takes the program's arguments has an option file."""
    module = importlib.import_module(f"ablate.{group}")
    functions = {
        name: part for name, part in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_")
    }
    possible = {
        f"ablate.{group}.{name}"
        for name, part in functions.items()
        if part.__module__ == module.__name__ and ARGUMENTS.get(group, set()) <= {*inspect.signature(part).parameters}
    }
    named = {node["_target_"] for path in OPTIONS if path.parent.name == group for node in targets(path)}
    assert possible and possible <= named


def test_every_key_of_the_schema_has_a_description_and_is_used():
    used = set()
    for path in CONF.rglob("*.yaml"):
        content = OmegaConf.to_container(OmegaConf.load(path)) or {}
        for node in (content, *content.values()):
            used |= set(node) if isinstance(node, dict) else set()
    checked = 0
    for kind in schema.nodes().values():
        for field in dataclasses.fields(kind):
            if "allowed" in field.metadata:
                assert field.metadata["allowed"].doc, f"{kind.__name__}.{field.name}"
                assert field.name in used, f"{kind.__name__}.{field.name} is in no file of conf/"
                checked += 1
    assert checked > 80


@pytest.mark.parametrize(
    "path", sorted([*(CONF / "study").glob("*.yaml"), *(CONF / "experiment").glob("*.yaml")]), ids=name
)
def test_every_preset_composes(path):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [name(path)], return_hydra_config=path.parent.name == "study")
        if path.parent.name == "study":
            assert config.hydra.mode.name == "MULTIRUN" and config.study.name == path.stem
            assert config.hydra.sweeper.params.seed
        else:
            validate(config)


def test_the_experiments_of_the_assignment_have_its_settings():
    expected = {
        "assignment_mlp": ("mlp", "none"),
        "assignment_cnn": ("cnn", "none"),
        "assignment_cnn_bn": ("cnn", "batch"),
    }
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for experiment, (model, normalization) in expected.items():
            config = compose("config", [f"experiment={experiment}"])
            assert config.model._target_.split(".")[2] == model
            assert config.normalization._target_ == f"ablate.normalization.{normalization}"
            assert (config.optimizer.lr, config.optimizer.momentum, config.optimizer.weight_decay) == (0.01, 0.9, 0)
            assert (config.trainer.epochs, config.trainer.batch_size) == (5, 64)
            assert list(config.data.mean) == list(config.data.std) == [0.5] * 3
    assert len(expected) == len(list((CONF / "experiment").glob("assignment_*.yaml")))


def test_the_baseline_of_study_full_marks_is_experiment_full_marks():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        bundles = compose("config", ["study=full_marks"]).study.bundles
        baseline = [word for levels in bundles.values() for word in next(iter(levels.values()))]
        one = compose("config", ["study=full_marks", *baseline])
        other = compose("config", ["experiment=full_marks"])
    assert len(bundles) == 2
    assert {k: v for k, v in one.items() if k != "study"} == {k: v for k, v in other.items() if k != "study"}
