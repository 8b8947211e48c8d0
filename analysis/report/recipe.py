"""How the baseline of a study was trained, and with which software and hardware, from its first complete run."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from omegaconf import DictConfig, OmegaConf

from ablate.analysis import collect
from ablate.analysis.results import Results
from ablate.runs.read_config import read_config
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

NETWORK = ("model", "normalization", "activation")
TRAINING = ("optimizer", "schedule", "loss")
TRAINER = {"grad_clip": "gradients clipped at", "ema": "weights averaged with decay", "tta": "test-time augmentation"}
OFF = (None, "none", False)  # values of a setting that changes nothing


def baseline(results: Results) -> list[str]:
    """The network, the optimizer, the schedule, the augmentation and the length of training; a paragraph, or none."""
    runs = results.runs
    for run in runs[(runs["variant"] == collect.BASELINE) & (runs["status"] == "completed")].itertuples():
        try:
            config = read_config(results.folder / run.folder)
            network = [_part(config, name) for name in NETWORK]
            size = f"{int(run.parameters):,} parameters" if pd.notna(run.parameters) else ""
            training = [_part(config, name) for name in TRAINING]
            trainer = config.trainer
            length = f"{plural(trainer.epochs, 'epoch')}, batches of {trainer.batch_size}"
            further = [f"{text} {trainer[name]}" for name, text in TRAINER.items() if trainer.get(name) not in OFF]
            network_text = ", ".join(filter(None, [*network, size]))
            training_text = "; ".join(filter(None, [*training, _augmentation(config), length, *further]))
            return [f"Baseline: {network_text}. Training: {training_text}."]
        except (InputError, AttributeError, ValueError, TypeError, KeyError):
            continue  # an older or damaged configuration: the next seed's may be complete
    return []


def _part(config: DictConfig, name: str) -> str:
    """A part of the configuration with its settings: `optimizer adamw (lr 0.001)`; empty if it has none."""
    part = config.get(name)
    if part is None or not part.get("_target_"):
        return ""
    plain = OmegaConf.to_container(part, resolve=False)
    assert isinstance(plain, dict)
    values = [f"{key!s} {_value(value)}" for key, value in plain.items() if key != "_target_" and _is_shown(value)]
    settings = f" ({', '.join(values)})" if values else ""
    return f"{name} {part._target_.rpartition('.')[2]}{settings}"


def _is_shown(value: Any) -> bool:
    return value not in OFF and not isinstance(value, Mapping) and not (isinstance(value, str) and "${" in value)


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _augmentation(config: DictConfig) -> str:
    """The augmentations by name."""
    names = [str(name) for name in config.get("augmentation") or {}]
    return f"augmentation {', '.join(names)}" if names else "no augmentation"


def environment(results: Results) -> list[str]:
    """The software, the device, the threads and the precision of the completed runs; a paragraph, or none."""
    known = [record.environment for _, record in results.records if record.environment is not None]
    texts = []
    for one in known:
        ablate, torch, cpu = (getattr(one, name, None) for name in ("hydra_ablate", "torch", "cpu"))
        software = [f"hydra-ablate {ablate}" if ablate else "", f"Python {one.python}" if one.python else ""]
        software += [f"PyTorch {torch}" if torch else ""]
        device = f"on {one.device}{f' ({cpu})' if cpu and one.device == 'cpu' else ''}" if one.device else ""
        threads = plural(one.threads, "thread") if one.threads else ""
        precision = f"precision {one.precision}" if one.precision else ""
        texts.append(", ".join(filter(None, [*software, device, threads, precision])))
    kinds = list(dict.fromkeys(filter(None, texts)))
    return [f"Software: {first_few(kinds, 3, '; ')}."] if kinds else []
