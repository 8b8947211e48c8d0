"""Settings that another setting makes meaningless are named before training."""

import pytest
from hydra import compose, initialize_config_dir

from ablate.config import CONF, register
from ablate.runs.config_hash import resolved
from ablate.runs.without_effect import without_effect
from tests.processes import SMALL, ablate

register()


def named(*variants: str) -> list[str]:
    """The settings that are named, of a study of variants with these words."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        configs = [resolved(compose("config", words.split())) for words in variants]
    return [sentence.partition(" has no effect")[0] for sentence in without_effect(configs)]


@pytest.mark.parametrize(
    ("words", "effective"),
    [
        ("trainer.monitor=val_loss", "trainer.selection=best_val"),
        ("trainer.sync_batchnorm=true", "trainer.devices=2"),
        ("trainer.swa_start=5", "trainer.epochs=6"),
        ("optimizer.decay_norm_and_bias=true", "optimizer.weight_decay=0.1"),
        ("optimizer.beta2=0.9 optimizer=sam", "optimizer.base=adamw"),
        ("optimizer.eps=0.1 optimizer=schedule_free optimizer.base=sgd", "optimizer.base=radam"),
        ("model.head_warmup_epochs=1 model=timm model.name=resnet10t model.freeze=all_but_head", "model.freeze=null"),
        ("schedule.step_epochs=30 schedule=step", "trainer.epochs=31"),
        ("schedule.milestones=[7.5] schedule=multistep", "trainer.epochs=8"),
        ("loss.teacher=run loss=distillation loss.alpha=0", "loss.alpha=0.5"),
    ],
)
def test_a_setting_is_named_unless_a_variant_makes_use_of_it(words, effective):
    assert named(words) == named(words, words) == [words.split()[0]]
    assert named(f"{words} {effective}") == named(f"{words} {effective}", words) == []


def test_a_varied_setting_without_effect_is_named():
    values = [f"trainer.monitor={metric}" for metric in ("val_accuracy", "val_loss", "val_macro_f1")]
    assert named(*values) == values[1:]  # the first is the default


def test_defaults_and_user_code_are_not_named():
    assert named("", "optimizer=sam", "optimizer=schedule_free optimizer.base=sgd", "loss=distillation") == []
    assert named("optimizer=sam optimizer.beta2=0.9 optimizer._target_=mine.sam") == []


def test_a_run_and_a_study_warn_once(tmp_path):
    words = (*SMALL, "model=mlp", "trainer.monitor=val_loss")
    text = "trainer.monitor=val_loss has no effect with trainer.selection=last."
    for command in (("train", *words), ("train", "-m", "study.name=s", *words, "seed=0,1"), ("plan", *words)):
        ended = ablate(tmp_path, *command)
        assert ended.returncode == 0 and ended.stderr.count(text) == 1, ended.stderr
