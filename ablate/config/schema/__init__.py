"""The schema of all options: one dataclass per group, with a subclass for each option that has its own keys.

OmegaConf checks types while Hydra composes a configuration; `ablate.config.validate` checks ranges and each `check()`.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from ablate.config.field import value
from ablate.config.schema import images, launch, network, optimizer, study, submission, training
from ablate.config.schema.images import CLASSES, DataSettings
from ablate.config.schema.network import Activation, External, Model, Normalization
from ablate.config.schema.optimizer import Optimizer, ScheduleFree
from ablate.config.schema.study import StudySettings
from ablate.config.schema.training import Logger, Loss, Schedule, Trainer
from ablate.terminal.text import plural


@dataclass
class Config:
    """The complete configuration of a run."""

    seed: int = value(
        "random seed, which determines all randomness of training; the train/validation split has its own,"
        " data.split_seed",
        low=0,
        below=2**63,
    )
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
        """Raise ValueError for a contradiction between groups."""
        self._check_epochs()
        self._check_devices()
        self._check_averaging()
        self._check_native_layers()
        self._check_order_of_crops()
        self._check_number_of_class_weights()

    def _check_epochs(self) -> None:
        """A warm-up ends before the training."""
        if self.schedule.warmup_epochs >= self.trainer.epochs:
            raise ValueError(
                f"schedule.warmup_epochs={self.schedule.warmup_epochs:g} must be below "
                f"trainer.epochs={self.trainer.epochs}"
            )
        if isinstance(self.model, External) and self.model.head_warmup_epochs >= self.trainer.epochs:
            raise ValueError(
                f"model.head_warmup_epochs={self.model.head_warmup_epochs} must be below "
                f"trainer.epochs={self.trainer.epochs}"
            )

    def _check_devices(self) -> None:
        """Each device has images of every batch."""
        if self.trainer.batch_size < self.trainer.devices:
            raise ValueError(
                f"trainer.batch_size={self.trainer.batch_size} has fewer images than"
                f" trainer.devices={self.trainer.devices}, each of which trains on a part of a batch"
            )

    def _check_averaging(self) -> None:
        """The weights are averaged once."""
        if isinstance(self.optimizer, ScheduleFree) and (self.trainer.ema, self.trainer.swa_start) != (None, None):
            raise ValueError(
                "optimizer=schedule_free evaluates its own average of the weights: trainer.ema and trainer.swa_start"
                " must be null"
            )

    def _check_native_layers(self) -> None:
        """Only networks of a library have native layers, and pretrained ones have no others."""
        native = {"normalization": self.normalization._target_, "activation": self.activation._target_}
        for group, target in native.items():
            is_native = target == f"ablate.{group}.native"
            if isinstance(self.model, External) and self.model.weights is not None and not is_native:
                raise ValueError(
                    f"model.weights={self.model.weights} needs {group}=native: weights are for the layers that they"
                    f" were trained with. Use normalization=native activation=native, or model.weights=null"
                )
            if self.model._target_.startswith("ablate.") and not isinstance(self.model, External) and is_native:
                raise ValueError(f"{group}=native is for model=timm and model=torchvision. Choose another {group}")

    def _check_order_of_crops(self) -> None:
        """Random crops are cut from whole photographs."""
        _, *later = self.augmentation or [""]
        if getattr(self.data, "resize", "square") == "shorter" and "random_resized_crop" in later:
            raise ValueError(
                f"augmentation=[{','.join(self.augmentation)}] would cut random_resized_crop from center crops, not"
                " from the whole photographs of data.resize=shorter. Place random_resized_crop first"
            )

    def _check_number_of_class_weights(self) -> None:
        """One weight for each class."""
        weights, classes = getattr(self.loss, "class_weights", None), CLASSES.get(self.data._target_)
        if isinstance(weights, list) and classes is not None and len(weights) != classes:
            raise ValueError(
                f"loss.class_weights has {plural(len(weights), 'weight')}, but the data has {classes} classes"
            )


def nodes() -> dict[str, type]:
    """Return all dataclasses of the schema by name."""
    rooms = (images, network, optimizer, training, launch, submission, study)
    known: dict[str, Any] = {name: kind for room in rooms for name, kind in vars(room).items()} | {"Config": Config}
    return {name: kind for name, kind in known.items() if isinstance(kind, type) and dataclasses.is_dataclass(kind)}
