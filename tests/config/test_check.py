"""Invalid configurations are refused with a message that names the key and a remedy."""

import re

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import open_dict

from ablate.config import CONF, Chosen, register, validate
from ablate.config.messages import sentence
from ablate.terminal.errors import InputError

register()

REFUSED = {
    "optimizer.lrr=1": "optimizer.lrr: there is no such key. Did you mean optimizer.lr?",
    "seeed=1": "Did you mean seed?",
    "trainer.epoch=1": "Did you mean trainer.epochs?",
    "+model.x=1": "model.x: there is no such key",
    "data=digts": "data=digts: there is no such option. Did you mean digits? Options: cifar10, cifar100, digits",
    "augmentation=flop": "Did you mean flip?",
    "augmentation=[flip,cutot]": "augmentation=cutot: there is no such option. Did you mean cutout?",
    "model=[mlp,cnn]": "Only augmentation accepts a list",
    "augmentation.flip.p=1": "augmentation.flip: there is no such key",
    "experiment=best augmentation=none": "augmentation.crop has keys (padding, padding_mode) but is not a step of",
    "experiment=nothing": "Options: assignment_cnn, assignment_cnn_bn, assignment_mlp",
    "modle=cnn": "Did you mean model?",
    "study.name=null": "study.name: null is not allowed.",
    "optimizer.lr=null": "optimizer.lr: null is not allowed. It must be above 0",
    "digits": "digits: an override must have the form key=value. Did you mean data=digits?",
    "two-words": "two-words: an override must have the form key=value.",
    "rubric=none": "rubric is not a training option; use ablate test --rubric NAME.",
    "model._target_=my_modle.Net": "model._target_=my_modle.Net: there is no module my_modle in the current folder",
    "model._target_=__main__.Net": "there is no module __main__ in",
    "model.width=3": "model.width: there is no such key. It is a key of model=vit.",
    "data.batch_size=3": "data.batch_size: there is no such key. Did you mean trainer.batch_size?",
    "optimizer.epochs=3": "optimizer.epochs: there is no such key. Did you mean trainer.epochs?",
    "lr=3": "Did you mean optimizer.lr?",
    "batch_size=3": "Did you mean trainer.batch_size?",
    "model=timm model.drop_path_rate=0.1": "An argument of the model itself is model.options={drop_path_rate: ...}.",
    "trainer.workers=3": "trainer.workers: there is no such key. Keys of trainer: epochs, batch_size, accumulate,",
    "data.mean=${pretrained:mean}": "${pretrained:mean} needs model=timm or model=torchvision.",
    "normalization=native": "normalization=native is for model=timm and model=torchvision.",
    "model=timm model.weights=w.pt activation=native": "model.weights=w.pt needs normalization=native: ",
    "model=timm model.freeze=layer1": "model.freeze=layer1 must be all_but_head or a list of prefixes",
    "model=timm model.freeze=[1]": "must be all_but_head or a list of prefixes",
    "model=timm trainer.epochs=2 model.head_warmup_epochs=2": "must be below trainer.epochs=2",
    "model=mlp model.units=3": "model.units: there is no such key. Keys of model: hidden.",
    "optimizer=null": "The value of a config group must be the name of an option.",
    "seed=0,1": "a comma separates values, but one run has one. Add -m",
    "seed=range(0,3)": "seed=range(0,3) is a sweep, which only a study has. Add -m",
    "trainer.epochs=many": "trainer.epochs: Value 'many' of type 'str' could not be converted to Integer. It must be",
    "optimizer.nesterov=perhaps": "optimizer.nesterov: Value 'perhaps' is not a valid bool",
    "data.mean=[0.5,x]": "data.mean: Value 'x'",
    "optimizer.lr=[": "Write lists as [a,b]",
    "optimizer.lr=${nothing}": "Interpolation key 'nothing' not found",
    "optimizer.lr=0": "optimizer.lr=0.0 is not allowed: it must be above 0 (peak learning rate)",
    "optimizer.lr=nan": "optimizer.lr=nan is not allowed",
    "seed=-1": "seed=-1 is not allowed: it must be at least 0",
    "data.val_fraction=1": "must be above 0 and below 1",
    "data.std=[0.5,0]": "data.std=[0.5, 0.0] is not allowed: it must be above 0",
    "trainer.device=gpu": "one of auto, cpu, cuda, mps",
    "model=resnet model.depth=21": "model.depth=21 is not allowed: it must be one of 18, 20",
    "model=mlp model.hidden=[128,0]": "model.hidden=[128, 0] is not allowed: it must be at least 1",
    "data=image_folder": "data.root has no value",
    "optimizer.nesterov=true optimizer.momentum=0": "optimizer.nesterov=true needs optimizer.momentum above 0",
    "optimizer=adam optimizer.betas=[0.9]": "optimizer.betas=[0.9] must be two numbers",
    "schedule=multistep schedule.milestones=[3,2]": "must be increasing",
    "schedule.warmup_epochs=5": "schedule.warmup_epochs=5 must be below trainer.epochs=5",
    "trainer.devices=4 trainer.batch_size=3": "trainer.batch_size=3 has fewer images than trainer.devices=4",
    "study.name=../elsewhere": "study.name=../elsewhere must be a folder name",
    "model=vit model.heads=5": "must be a multiple of model.heads=5",
    "data=image_folder data.root=x data.resize=shorter augmentation=[flip,random_resized_crop,cutout]": (
        "augmentation=[flip,random_resized_crop,cutout] would cut random_resized_crop from center crops, not from"
    ),
    "augmentation=[flip,cutout] augmentation.cutout.size=0": "augmentation.cutout.size=0 is not allowed",
}


@pytest.mark.parametrize("words", REFUSED)
def test_the_message_is_one_or_two_plain_sentences(words):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        try:
            validate(compose("config", words.split()))
        except InputError as error:
            message = str(error)
        except Exception as error:
            message = sentence(error)
        else:
            pytest.fail(f"{words} was accepted")
    assert REFUSED[words] in message
    assert "\n" not in message and len(message) < 300


SWAPPED = {
    "experiment=full_marks optimizer=sgd": "experiment=full_marks sets optimizer.companion_lr, optimizer.ns_steps,"
    " which optimizer=sgd does not have. Add '~optimizer.companion_lr' '~optimizer.ns_steps'; in a study,",
    "experiment=best augmentation=none": "sets augmentation.crop.padding, augmentation.crop.padding_mode, which"
    " augmentation=none does not have. Add '~augmentation.crop';",
    "experiment=full_marks optimizer=adam optimizer.ns_steps=3": "sets optimizer.companion_lr, optimizer.momentum,",
    "experiment=full_marks optimizer.betas=[0.9,0.9]": "optimizer.betas: there is no such key.",
    "optimizer.ns_steps=3": "optimizer.ns_steps: there is no such key. It is a key of optimizer=muon.",
    "normalization=[none,batch]": "normalization=[none,batch]: only augmentation accepts a list of options",
    "schedule=[constant,cosine]": "schedule=[constant,cosine]: only augmentation accepts a list of options",
}


@pytest.mark.parametrize("words", SWAPPED)
def test_a_key_that_the_chosen_option_lacks_is_attributed_to_the_preset(words):
    message = refusal(words.split())
    assert SWAPPED[words] in message and "\n" not in message and len(message) < 300


def test_a_key_that_the_chosen_option_lacks_is_attributed_to_the_study(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study/mine.yaml").write_text("# @package _global_\nloss: {label_smoothing: 0.1}\n")
    message = refusal([f"hydra.searchpath=[file://{tmp_path}]", "study=mine", "loss=focal"])
    assert "study=mine sets loss.label_smoothing, which loss=focal does not have. Keep the option" in message


def test_a_mistyped_key_of_a_study_of_ones_own_names_its_file_and_the_nearest_key(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study/mine.yaml").write_text("# @package _global_\noptimizer: {momentun: 0.1}\n")
    message = refusal([f"hydra.searchpath=[file://{tmp_path}]", "study=mine", "optimizer=sgd"])
    assert "Did you mean optimizer.momentum?" in message and "edit study/mine.yaml in your" in message
    assert "conf/study" not in message


def refusal(words: list[str]) -> str:
    """Return the error message for a configuration; empty if it is accepted."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", words, return_hydra_config=True)
    chosen = Chosen.of(config.hydra)
    with open_dict(config):
        del config["hydra"]
    try:
        validate(config, chosen)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("swap", ["optimizer=sgd", "optimizer=adamw", "augmentation=[flip,cutout]", "loss=focal"])
def test_the_remedy_in_the_message_works(swap):
    words = ["experiment=best", swap]
    removals = re.findall("'(~[^']+)'", refusal(words))
    assert removals and refusal([*words, *removals]) == ""


ONES = ",".join(["1"] * 9)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("[1,1]", "has 2 weights, but the data has 10 classes"),
        ("[]", "has 0 weights, but the data has 10 classes"),
        (f"[{ONES},-1]", "must be finite numbers of at least 0, and not all 0"),
        (f"[{ONES.replace('1', '0')},0]", "must be finite numbers of at least 0, and not all 0"),
        (f"[{ONES},nan]", "it must be finite"),
        (f"[{ONES},inf]", "it must be finite"),
        (f"[{ONES},cat]", "must be a list of numbers, one per class, or balanced or null"),
        (f"[{ONES},true]", "must be a list of numbers, one per class, or balanced or null"),
        ("{cat: 2}", "must be a list of numbers, one per class, or balanced or null"),
        ("balance", "must be a list of numbers, one per class, or balanced or null"),
    ],
)
def test_class_weights_are_checked_before_training(weights, expected):
    message = refusal(["data=digits", f"loss.class_weights={weights}"])
    assert message.startswith("loss.class_weights") and expected in message and "\n" not in message


@pytest.mark.parametrize("weights", ["null", "balanced", "[0,1,1,1,1,1,1,1,1,0.5]"])
def test_valid_class_weights_are_accepted(weights):
    assert refusal(["data=digits", f"loss.class_weights={weights}"]) == ""


def test_user_code_may_have_any_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_model.py").write_text("raise RuntimeError('a check imports nothing')")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        validate(compose("config", ["model._target_=my_model.Net", "model.width=3"]))
        validate(compose("config", ["loss._target_=my_model.Net", "~loss.label_smoothing"]))


def test_an_option_file_of_the_user_needs_no_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_model.py").touch()
    (tmp_path / "mine/model").mkdir(parents=True)
    (tmp_path / "mine/model/net.yaml").write_text("_target_: my_model.Net\nwidth: 3\n")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["model=net", "model.width=4", f"hydra.searchpath=['file://{tmp_path}/mine']"])
    validate(config)
    assert config.model == {"_target_": "my_model.Net", "width": 4}
