"""Schema of the groups `schedule`, `loss`, `trainer` and `logger`."""

import math
from dataclasses import dataclass
from typing import Any, Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class Schedule(Option):
    """The learning rate schedule: a factor on `optimizer.lr`, updated every step."""

    warmup_epochs: float = value("epochs of linear warmup from 0, before the schedule", low=0)


@dataclass
class StepDecay(Schedule):
    step_epochs: int = value("epochs between two drops of the learning rate", low=1)
    gamma: float = value("factor of each drop", above=0, high=1)


@dataclass
class MultiStep(Schedule):
    milestones: list[float] = value("epochs of the drops of the learning rate, increasing", above=0)
    gamma: float = value("factor of each drop", above=0, high=1)

    def check(self) -> None:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"schedule.milestones={self.milestones} must be increasing")


@dataclass
class Decay(Schedule):
    final_factor: float = value("factor on the learning rate at the last step", low=0, high=1)


@dataclass
class OneCycle(Schedule):
    pct_start: float = value("fraction of training in which the learning rate increases", above=0, below=1)
    div_factor: float = value("the learning rate starts at lr divided by this", low=1)
    final_div_factor: float = value("the learning rate ends at its initial value divided by this", low=1)


@dataclass
class Loss(Option):
    """The training loss, averaged over a batch."""


@dataclass
class Weighted(Loss):
    class_weights: Any = value(
        "factor of each class: a list; balanced, images / (classes x images of the class); or null, all 1"
    )

    def check(self) -> None:
        weights = self.class_weights
        if weights in (None, "balanced"):
            return
        text = f"loss.class_weights={weights}"
        if not isinstance(weights, list) or any(type(weight) not in (int, float) for weight in weights):
            raise ValueError(f"{text} must be a list of numbers, one per class, or balanced or null")
        if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights) > 0:
            raise ValueError(f"{text} must be finite numbers of at least 0, and not all 0")


@dataclass
class CrossEntropy(Weighted):
    label_smoothing: float = value("probability mass moved from the label to all classes evenly", low=0, below=1)


@dataclass
class Focal(Weighted):
    gamma: float = value(
        "focusing parameter: larger values give less weight to confident predictions; 0 is cross-entropy", low=0
    )


@dataclass
class Distillation(Loss):
    teacher: str = value("folder of the finished run to learn from, such as outputs/NAME/baseline/seed=0")
    temperature: float = value("divides the logits of both networks before they are compared", above=0)
    alpha: float = value(
        "weight of the divergence from the teacher; that of the cross-entropy is 1 - alpha", low=0, high=1
    )


@dataclass
class Trainer:
    """The training loop."""

    epochs: int = value("passes over the training images", low=1)
    batch_size: int = value("images per batch", low=1)
    accumulate: int = value("batches whose gradients are added for a step of the optimizer", low=1)
    sampler: str = value(
        "images of an epoch; shuffle uses each once, balanced uses each class equally often",
        choices=("shuffle", "balanced"),  # the functions of ablate.training.sampler
    )
    device: str = value(
        "where to train; auto is the first available of cuda, mps and cpu", choices=("auto", "cpu", "cuda", "mps")
    )
    devices: int = value(
        "devices that train a run together, each on a part of each batch: GPUs, or processes on the CPU", low=1
    )
    sync_batchnorm: bool = value(
        "with several devices, compute the statistics of batch normalization over the whole batch, not over the part of"
        " each device"
    )
    precision: str = value(
        "number format; auto is bf16 where the hardware supports it natively, fp16 on a GPU with tensor cores for fp16"
        " only, else fp32",
        choices=("auto", "fp32", "bf16", "fp16"),
    )
    channels_last: bool = value("use memory layout NHWC, faster for convolutions")
    compile: bool = value("compile the model with torch.compile")
    grad_clip: Optional[float] = value("largest norm of the gradient; null: no clipping", above=0)
    ema: Optional[float] = value(
        "decay of an exponential moving average of the weights, which is evaluated; null: none", above=0, below=1
    )
    swa_start: Optional[int] = value(
        "first epoch of an average of the weights over epochs (SWA), which is evaluated; null: none", low=1
    )
    tta: str = value(
        "test-time augmentation: views of an image whose logits are averaged in evaluation",
        choices=("none", "flip", "shift", "flip_shift"),  # the functions of ablate.evaluation.tta
    )
    deterministic: bool = value("make results on CUDA bit-identical, which is slower; results on the CPU always are")
    threads: Optional[int] = value("CPU threads, divided among the devices; null: PyTorch's choice", low=1)
    selection: str = value("epoch whose weights and metrics are the result of the run", choices=("last", "best_val"))
    monitor: str = value(
        "metric by which trainer.selection=best_val selects the epoch",
        choices=(
            "val_accuracy",
            "val_loss",
            "val_balanced_accuracy",
            "val_macro_f1",
            "val_worst_class_accuracy",
            "val_auroc",
            "val_nll",
            "val_ece",
        ),
    )

    def check(self) -> None:
        if self.swa_start is not None and self.ema is not None:
            raise ValueError("trainer.ema and trainer.swa_start are two averages of the weights. Set one to null")
        if self.swa_start is not None and self.swa_start > self.epochs:
            raise ValueError(
                f"trainer.swa_start={self.swa_start} must be at most trainer.epochs={self.epochs}, or null"
            )


@dataclass
class Logger(Option):
    """The experiment tracker used in addition to metrics.csv."""


@dataclass
class Wandb(Logger):
    project: str = value("W&B project")
    mode: str = value("offline writes only to the run folder", choices=("offline", "online"))


@dataclass
class MLflow(Logger):
    experiment: str = value("MLflow experiment")
    tracking_uri: Optional[str] = value("MLflow server or store; null: mlflow.db in the folder of the study")
