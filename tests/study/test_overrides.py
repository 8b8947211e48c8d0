"""Overrides of a study file: values as YAML writes them."""

import pytest
import yaml
from omegaconf import OmegaConf

from ablate.study.level import same_level
from ablate.study.overrides import word
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate


@pytest.mark.parametrize(
    ("entry", "override"),
    [
        ("trainer.grad_clip: null", "trainer.grad_clip=null"),
        ("trainer.grad_clip: ~", "trainer.grad_clip=null"),
        ("trainer.compile: on", "trainer.compile=true"),
        ("trainer.compile: off", "trainer.compile=false"),
        ("optimizer.nesterov: yes", "optimizer.nesterov=true"),
        ("optimizer.lr: 1e-3", "optimizer.lr=0.001"),
        ("optimizer.lr: .5", "optimizer.lr=0.5"),
        ("optimizer.lr: 0.1,0.2", "optimizer.lr=0.1,0.2"),
        ("optimizer.lr: '0.1'", "optimizer.lr=0.1"),
        ("study.name: 2024-01-01", "study.name=2024-01-01"),
        ("seed: [0, 1, 2]", "seed=0,1,2"),
        ("seed: ['0', 1]", "seed=0,1"),
        ("++seed: [3, 4]", "++seed=3,4"),
        ("seed: 5", "seed=5"),
        ("seed: range(0,3)", "seed=range(0,3)"),
        ("model.hidden: [8, 16]", "model.hidden=[8,16]"),
        ("augmentation: [flip, cutout]", "augmentation=[flip,cutout]"),
        ("model.blocks: [[1, 2], [null, on]]", "model.blocks=[[1,2],[null,true]]"),
        ("model.options: {width: 3, bias: off}", "model.options={width:3,bias:false}"),
        ("~optimizer.momentum: null", "~optimizer.momentum"),
    ],
)
def test_an_entry_of_the_file_is_this_override(entry, override):
    ((key, value),) = OmegaConf.create(entry).items()
    assert word(str(key), value) == override


def test_a_list_of_lists_for_a_group_is_refused():
    with pytest.raises(InputError, match=r"Write its levels as text: augmentation: '\[none\],\[flip,cutout\]'"):
        word("augmentation", [["none"], ["flip", "cutout"]])


@pytest.mark.parametrize(
    ("text", "value", "same"),
    [
        ("1e-3", "0.001", True),
        (".5", "0.5", True),
        ("1", "1.0", True),
        ("null", "null", True),
        ("off", "false", True),
        ("True", "on", True),
        ("1", "true", False),
        ("0", "null", False),
        ("[flip,cutout]", "[flip, cutout]", True),
        ("[cutout,flip]", "[flip, cutout]", False),
        ("batch", "'batch'", True),
        ("2024-01-01", "2024-01-01", True),
        ("none", "null", False),
        ("{", "0", False),
    ],
)
def test_a_rule_matches_levels_by_value(text, value, same):
    read = OmegaConf.to_container(OmegaConf.create(f"- {value}"))[0]
    assert same_level(text, read) is same


STUDY_FILES = {
    "study: {bundles: {w: {on: [optimizer.lr=0.1], off: []}}}": "Put the name in quotes",
    "study: {bundles: {w: {1: [optimizer.lr=0.1], 2: []}}}": "Put the name in quotes",
    "study: {bundles: {w: {a: optimizer.lr=0.1, b: []}}}": "The form is study.bundles: {factor: {level:",
    "study: {bundles: {w: {a: [optimizer.lr: 0.1], b: []}}}": "The form is study.bundles: {factor: {level:",
    "study: {bundles: {w: {a: ['optimizer.lr=0.1,0.2'], b: []}}}": "cannot be part of a level: it has several",
    "study: {bundles: {w: {a: [seed=1], b: []}}}": "seed=1 cannot be part of a level",
    "study: {bundles: {w: {a: [++study.name=x], b: []}}}": "study.name=x cannot be part of a level",
    "study: {bundles: {w: {a: [hydra/launcher=ray], b: []}}}": "hydra/launcher=ray cannot be part of a level",
    "study: {exclude: {model: cnn}}": "study.exclude: [{factor: level, ...}, ...]",
    "study: {exclude: [model=cnn]}": "study.exclude: [{factor: level, ...}, ...]",
    "study: {exclude: [{model: null}]}": "study.exclude: model=null is not a factor and level",
    "study: {margin: off}": "study.margin: Value 'False'",
    "hydra: {sweeper: {params: [seed=0]}}": "hydra.sweeper.params: {key: levels, ...}",
    "hydra: {sweeper: {params: {optimizer.lr: [0.1, 0.2]}}}": "Write the levels of a sweep without brackets",
    "hydra: {sweeper: {params: {normalization: [none, batch]}}}": "only augmentation accepts a list of options",
    "hydra: {sweeper: {params: {seed: [[0, 1]]}}}": "a seed is a whole number",
    "hydra: {sweeper: {params: {seed: null}}}": "a seed is a whole number",
    "hydra: {sweeper: {params: {seed: [}}}": "while parsing",
}


@pytest.mark.parametrize("content", STUDY_FILES)
def test_other_content_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "c/study").mkdir(parents=True)
    (tmp_path / "c/study/mine.yaml").write_text(f"# @package _global_\n{content}\n")
    ended = ablate(tmp_path, "plan", "--config-dir", "c", "study=mine", *SMALL, "model=mlp,vgg")
    assert ended.returncode == 2 and STUDY_FILES[content] in ended.stderr, ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_values_of_a_study_file_are_trained(tmp_path):
    params = {"trainer.grad_clip": None, "optimizer.nesterov": True, "optimizer.lr": 1e-3, "seed": [3, 4]}
    settings = {"study": {"name": "n"}, "hydra": {"mode": "MULTIRUN", "sweeper": {"params": params}}}
    (tmp_path / "c/study").mkdir(parents=True)
    (tmp_path / "c/study/mine.yaml").write_text(f"# @package _global_\n{yaml.safe_dump(settings)}")
    words = ("--config-dir", "c", "study=mine", *SMALL, "model=mlp")
    ended = ablate(tmp_path, "train", *words)
    assert ended.returncode == 0, ended.stderr
    for seed in (3, 4):
        config = yaml.safe_load((tmp_path / f"outputs/n/baseline/seed={seed}/.hydra/config.yaml").read_text())
        assert config["trainer"]["grad_clip"] is None and config["optimizer"]["nesterov"] is True
        assert config["optimizer"]["lr"] == 0.001 and config["seed"] == seed
