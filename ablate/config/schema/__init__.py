"""The schema of every option: a dataclass per group, extended where an option has keys of its own.

Types are checked by OmegaConf while Hydra composes; ranges and each `check()` by `ablate.config.validate`.
"""

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Optional

from omegaconf import MISSING

from ablate.config.field import value
from ablate.config.schema import images, network, submission, training
from ablate.config.schema.images import DataSettings
from ablate.config.schema.network import Activation, Model, Normalization
from ablate.config.schema.training import Logger, Loss, Optimizer, Schedule, Trainer


@dataclass
class StudySettings:
    """A plan: which variants are run, and where."""

    name: str = value("folder of the study under outputs/")
    design: str = value(
        "which variants are run", choices=("factorial", "one_at_a_time", "pairwise", "cumulative", "random")
    )
    draws: Optional[int] = value("variants that the random design draws, the baseline included", low=1)
    draw_seed: int = value("seed of that draw", low=0, below=2**63)
    bundles: dict[str, dict[str, list[str]]] = value("factors whose levels are several overrides together")
    exclude: list[dict[str, Any]] = value("levels that do not go together: {factor: level, ...} leaves out variants")
    margin: Optional[float] = value(
        "difference in percentage points below which two variants are as good as equal; null: not tested", above=0
    )
    trial: Optional[int] = value("trial of a search (hydra/sweeper=optuna) that this run is", low=0)
    extend: bool = value("add levels or seeds to a study that is there (--extend)")

    def check(self) -> None:
        if not re.fullmatch(r"\w[\w.+=-]*", self.name, re.ASCII):
            raise ValueError(
                f"study.name={self.name} must be the name of a folder: letters, digits, . _ + = - and no space"
            )
        if (self.design == "random") != (self.draws is not None):
            raise ValueError("study.design=random needs study.draws=N, the number of variants; no other design has it")


@dataclass
class Config:
    """The whole configuration of a run."""

    seed: int = value("replicate: the one number all randomness comes from", low=0, below=2**63)
    data: DataSettings = MISSING
    model: Model = MISSING
    normalization: Normalization = MISSING
    activation: Activation = MISSING
    augmentation: dict[str, Any] = field(default_factory=dict)
    optimizer: Optimizer = MISSING
    schedule: Schedule = MISSING
    loss: Loss = MISSING
    trainer: Trainer = MISSING
    logger: Logger = MISSING
    study: StudySettings = MISSING

    def check(self) -> None:
        """Refuse settings of different groups that do not go together."""
        if self.schedule.warmup_epochs >= self.trainer.epochs:
            raise ValueError(
                f"schedule.warmup_epochs={self.schedule.warmup_epochs:g} must be below "
                f"trainer.epochs={self.trainer.epochs}"
            )


def nodes() -> dict[str, type]:
    """Every dataclass of the schema, by its name."""
    parts = (
        vars(images),
        vars(network),
        vars(training),
        vars(submission),
        {"StudySettings": StudySettings, "Config": Config},
    )
    return {name: kind for part in parts for name, kind in part.items() if dataclasses.is_dataclass(kind)}
