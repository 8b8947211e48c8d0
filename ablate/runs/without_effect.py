"""Settings that another setting makes meaningless, such as `trainer.monitor` with `trainer.selection=last`.

They are named before training and not refused: a study may vary the other setting.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ablate.runs.config_defaults import defaults
from ablate.runs.rerun_command import literal

GROUPS = ("model", "optimizer", "schedule", "loss", "trainer")  # that the rules read
CHOSEN = ("schedule.step_epochs", "schedule.milestones", "loss.teacher")  # with their option, also at their defaults
Groups = Mapping[str, Mapping[str, Any]]


def without_effect(configs: Iterable[Groups]) -> list[str]:
    """A sentence for each setting that has an effect in none of the configurations.

    Settings at their defaults, and those of user code, are not named.

    Args:
        configs: of the runs of a command, as plain values with the keys `GROUPS`.
    """
    sentences: dict[str, str] = {}
    effective = set()
    for config in configs:
        for key, reason in _rules(config):
            group, _, name = key.partition(".")
            settings = config[group]
            target = settings.get("_target_")
            if name not in settings or not str(target or "ablate.").startswith("ablate."):
                continue
            value = settings[name]
            text = f"{key}={value if isinstance(value, str) else literal(value)}"
            if not reason:
                effective.add(text)
            elif key in CHOSEN or value != defaults(group, target).get(name):
                sentences.setdefault(text, f"{text} has no effect with {reason}.")
    return [sentence for text, sentence in sentences.items() if text not in effective]


def _rules(groups: Groups) -> Iterator[tuple[str, str]]:
    """Each key that other settings can make meaningless, and the settings that do so; empty if none does."""
    model, optimizer, schedule, loss, trainer = (groups[name] for name in GROUPS)
    epochs = trainer.get("epochs", 0)
    yield "trainer.monitor", "trainer.selection=last" if trainer.get("selection") == "last" else ""
    yield "trainer.sync_batchnorm", "trainer.devices=1" if trainer.get("devices") == 1 else ""
    one = f"trainer.epochs={epochs}: the average has one epoch"
    yield "trainer.swa_start", one if trainer.get("swa_start") == epochs else ""
    yield "optimizer.decay_norm_and_bias", "optimizer.weight_decay=0" if optimizer.get("weight_decay") == 0 else ""
    for key in ("beta2", "eps"):
        yield f"optimizer.{key}", "optimizer.base=sgd" if optimizer.get("base") == "sgd" else ""
    yield "model.head_warmup_epochs", "model.freeze=all_but_head" if model.get("freeze") == "all_but_head" else ""
    before = f"trainer.epochs={epochs}: training ends before the learning rate drops"
    yield "schedule.step_epochs", before if schedule.get("step_epochs", 0) >= epochs else ""
    yield "schedule.milestones", before if min(schedule.get("milestones") or [0]) >= epochs else ""
    yield "loss.teacher", "loss.alpha=0" if loss.get("alpha") == 0 else ""
