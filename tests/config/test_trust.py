"""An untrusted configuration may name known classes, and nothing that runs or reads anything foreign."""

import re
from itertools import groupby, zip_longest
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from PIL import Image

from ablate.config import CONF, register, trust
from ablate.runs.read_config import read_config
from ablate.terminal.errors import InputError
from tests.processes import ROOT, SMALL, ablate

register()
WHERE = Path("run")
GROUPS = (*("model", "normalization", "activation", "augmentation", "optimizer", "schedule", "loss", "data", "logger"),)
OPTIONS = [f"{group}={option.stem}" for group in GROUPS for option in sorted((ROOT / "conf" / group).glob("*.yaml"))]
FOREIGN = [
    *("os.system", "builtins.eval", "torch.os.system", "torch.nn.modules.os.system", "torch.hub.load", "torch.load"),
    *(
        "torch.Tensor",
        "torch.utils.data.DataLoader",
        "torch.nn.Nothing",
        "torch.nn.Linear.forward",
        "torch.nn",
        "torch",
    ),
    *(
        "torch.nn.modules.module._IncompatibleKeys",
        "torch..nn.Linear",
        "torch.nn.functional.relu",
        "Linear",
        "",
        "torch.",
    ),
    *("torch.nn.modules.conv._ConvNd", "torch.nn.modules.batchnorm._BatchNorm"),  # layers, but private
    *("torchvision.datasets.CIFAR10", "ablate.files.atomic.write_bytes", "my_model.Net", "torch.nn.init.normal_"),
]


@pytest.mark.parametrize("target", FOREIGN)
@pytest.mark.parametrize("place", ["model._target_", "model.extra.0._target_"])
def test_foreign_targets_are_refused_by_name(target, place):
    nested = {"_target_": target}
    model = nested if place.count(".") == 1 else {"_target_": "ablate.model.mlp.MLP", "extra": [nested]}
    config = OmegaConf.create({"model": model})
    with pytest.raises(InputError, match=f"of run calls '{re.escape(target)}', which is not part of this package"):
        trust.check(config, WHERE, trusted=False)
    trust.check(config, WHERE, trusted=True)


@pytest.mark.parametrize("target", [3, None, ["torch.nn.Linear"]])
def test_a_target_that_is_no_text_is_refused(target):
    with pytest.raises(InputError, match=f"calls {re.escape(repr(str(target)))}"):
        trust.check(OmegaConf.create({"model": {"_target_": target}}), WHERE, trusted=False)


def test_the_module_of_a_foreign_target_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "foreign.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"calls 'foreign\.Net'"):
        trust.check(OmegaConf.create({"model": {"_target_": "foreign.Net"}}), WHERE, trusted=False)
    assert not (tmp_path / "imported").exists()


LAYERS = ["torch.nn.Linear", "torch.nn.modules.conv.Conv2d", "torchvision.models.resnet.ResNet"]


@pytest.mark.parametrize("group", ["model", "normalization", "activation", "augmentation", "loss"])
@pytest.mark.parametrize("target", LAYERS)
def test_layers_of_the_libraries_are_allowed_in_a_network(group, target):
    for node in ({"_target_": target}, {"a": [{"b": {"_target_": target}}]}):
        trust.check(OmegaConf.create({group: node}), WHERE, trusted=False)


def test_optimizers_of_the_libraries_are_allowed_in_their_group():
    trust.check(OmegaConf.create({"optimizer": {"_target_": "torch.optim.SGD"}}), WHERE, trusted=False)


def test_a_target_is_allowed_only_in_its_group():
    """Each target of the package in each place of every other group, and nested in its own."""
    of = {group: sorted(trust.package_targets(group)) for group in GROUPS}
    for group, target in [(group, target) for group, targets in of.items() for target in targets]:
        node = {"_target_": target}
        places = [{other: node} for other in (*of, "trainer", "study", "seed", "hydra") if other != group]
        places += [{other: {"hidden": node}} for other in of if not other == group == "augmentation"]
        for config in [*places, {group: {"a": {"b": node}}}, {group: {"a": [node]}}, node]:
            with pytest.raises(InputError, match=target.replace(".", r"\.")):
                trust.check(OmegaConf.create(config), WHERE, trusted=False)


@pytest.mark.parametrize(
    ("group", "target"),
    [("data", "torch.nn.Linear"), ("schedule", "torch.nn.Linear"), ("logger", "torch.nn.Linear"),
     ("optimizer", "torch.nn.Linear"), ("model", "torch.optim.SGD"), ("loss", "torch.optim.SGD")],
)  # fmt: skip
def test_classes_of_the_libraries_are_refused_in_other_groups(group, target):
    for node in ({"_target_": target}, {"a": {"_target_": target}}):
        with pytest.raises(InputError, match=target):
            trust.check(OmegaConf.create({group: node}), WHERE, trusted=False)


def test_every_option_of_this_package_is_allowed():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in zip_longest(*(list(of) for _, of in groupby(OPTIONS, lambda word: word.partition("=")[0]))):
            chosen = [word for word in words if word]
            needed = {f"data={name}": "data.root=images" for name in ("image_folder", "table", "huggingface")}
            needed |= {"model=torchvision": "model.name=resnet18", "model=timm": "model.name=resnet18"}
            more = [needed[word] for word in chosen if word in needed]
            trust.check(compose("config", [*chosen, *more]), WHERE, trusted=False)
    assert {word.partition("=")[0] for word in OPTIONS} == set(GROUPS)


def test_what_refers_to_nothing_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"of run cannot be resolved .*nowhere") as error:
        trust.check(OmegaConf.create({"data": {"root": "${nowhere}"}}), WHERE, trusted=False)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["${oc.env:HOME}", "${oc.decode:1}", "${oc.${a}:HOME}", "${now:%Y}x", "${a:b}"])
def test_interpolations_that_read_more_than_the_configuration_are_refused(text):
    with pytest.raises(InputError, match="--trust"):
        trust.check(OmegaConf.create({"a": "env", "data": {"root": text}}), WHERE, trusted=False)


def test_text_that_becomes_an_interpolation_is_refused():
    """`data` is resolved twice: what the first time puts together, the second would evaluate."""
    parts = {"dollar": "$", "rest": "{oc.env:HOME}", "data": {"root": "${dollar}${rest}"}}
    with pytest.raises(InputError, match=r"has nested interpolations: '\$\{oc\.env:HOME\}'"):
        trust.check(OmegaConf.create(parts), WHERE, trusted=False)


def test_sixteen_interpolations_are_allowed_and_no_more():
    trust.check(OmegaConf.create({"a": 1, "b": ["${a}"] * 14 + ["${a}${a}"]}), WHERE, trusted=False)
    with pytest.raises(InputError, match="has 17 interpolations, more than 16, such as"):
        trust.check(OmegaConf.create({"a": 1, "b": ["${a}"] * 15 + ["${a}${a}"]}), WHERE, trusted=False)


def test_the_first_five_of_many_are_named_and_cut_to_80_characters():
    steps = [{"_target_": f"os.{letter * 100}"} for letter in "abcdefg"]
    with pytest.raises(InputError) as error:
        trust.check(OmegaConf.create({"model": steps}), WHERE, trusted=False)
    message = str(error.value)
    assert f"'os.{'a' * 77}'" in message and "'os.eee" in message and "'os.fff" not in message and "2 other" in message
    assert message.endswith("Use --trust if you trust its source.")


def test_the_billion_laughs_attack_is_not_expanded(tmp_path):
    (tmp_path / ".hydra").mkdir()
    laughs = ["a0: &a0 [ha]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
    for text in ("\n".join(laughs), "[" * 100_000, "a: !!python/object/apply:os.system [exit]", "# " + "x" * 2**20):
        (tmp_path / ".hydra" / "config.yaml").write_text(text)
        with pytest.raises(InputError, match=r"config\.yaml"):
            read_config(tmp_path)


def test_yaml_may_be_50_levels_deep_and_no_deeper():
    trust.check_yaml("[" * 50 + "]" * 50)
    with pytest.raises(ValueError, match="50 levels"):
        trust.check_yaml("[" * 51 + "]" * 51)


@pytest.mark.integration
def test_a_run_that_names_a_foreign_function_does_not_call_it(tmp_path):
    """Also not a function of this package that belongs to another group."""
    assert ablate(tmp_path, "train", *SMALL, "model=mlp", "hydra.run.dir=run").returncode == 0
    settings = tmp_path / "run/.hydra/config.yaml"
    whole = settings.read_text()
    download = f"{{_target_: ablate.data.download.mnist, root: {tmp_path}/made, part: train}}"
    Image.new("L", (8, 8)).save(tmp_path / "image.png")
    for old, new, named, commands in (
        ("ablate.model.mlp.MLP", "torch.os.mkdir", "torch.os.mkdir", ["test run", "export run --format onnx"]),
        ("- 512", f"- {download}", "ablate.data.download.mnist", ["predict run image.png"]),
    ):
        settings.write_text(whole.replace(old, new))
        assert settings.read_text() != whole
        for command in commands:
            refused = ablate(tmp_path, *command.split())
            assert refused.returncode == 2 and named in refused.stderr and "Traceback" not in refused.stderr
    assert not (tmp_path / "made").exists()
    settings.write_text(whole)
    assert ablate(tmp_path, "test", "run").returncode == 0


@pytest.mark.parametrize("text", ["0", "false", "null", "2020-01-01", "a", "|\n  text"])
def test_yaml_of_a_single_value_is_refused(text):
    """OmegaConf fails with an assertion on it, or reads text as a key."""
    with pytest.raises(ValueError, match="single value"):
        trust.check_yaml(text)
