"""Training: the groups `optimizer`, `schedule`, `loss`, `trainer` and `logger`."""

from dataclasses import dataclass
from typing import Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class Optimizer(Option):
    """What changes the weights by their gradients."""

    lr: float = value("peak learning rate", above=0)
    weight_decay: float = value("L2 penalty (sgd, adam, rmsprop) or decoupled decay (adamw, muon)", low=0)
    decay_norm_and_bias: bool = value("apply weight decay to biases and norm parameters too")


@dataclass
class SGD(Optimizer):
    momentum: float = value("momentum", low=0, below=1)
    nesterov: bool = value("Nesterov's form of momentum, which needs momentum above 0")

    def check(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.nesterov=true needs optimizer.momentum above 0")


@dataclass
class Adam(Optimizer):
    betas: list[float] = value("decay rates of the two moment averages", low=0, below=1)
    eps: float = value("added to the denominator", above=0)

    def check(self) -> None:
        if len(self.betas) != 2:
            raise ValueError(f"optimizer.betas={self.betas} must be two numbers")


@dataclass
class RMSprop(Optimizer):
    alpha: float = value("decay rate of the average of squares", low=0, below=1)
    momentum: float = value("momentum", low=0, below=1)
    eps: float = value("added to the denominator", above=0)


@dataclass
class Muon(Optimizer):
    momentum: float = value("momentum of the matrix parameters", low=0, below=1)
    nesterov: bool = value("Nesterov's form of momentum")
    ns_steps: int = value("Newton-Schulz iterations", low=1, high=20)
    fixed_norm: bool = value(
        "scale all that is a matrix or filters to the norm sqrt(rows) before each step, in place of weight decay"
    )
    companion_lr: float = value("AdamW's learning rate, for all that is not a matrix", above=0)


@dataclass
class Schedule(Option):
    """The learning rate over training, as a factor on `optimizer.lr`, changed each step."""

    warmup_epochs: float = value("linear rise from 0 over so many epochs, before the schedule proper", low=0)


@dataclass
class StepDecay(Schedule):
    step_epochs: int = value("epochs between two drops", low=1)
    gamma: float = value("factor of each drop", above=0, high=1)


@dataclass
class MultiStep(Schedule):
    milestones: list[float] = value("epochs of the drops, rising", above=0)
    gamma: float = value("factor of each drop", above=0, high=1)

    def check(self) -> None:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"schedule.milestones={self.milestones} must rise")


@dataclass
class Decay(Schedule):
    final_factor: float = value("factor at the last step", low=0, high=1)


@dataclass
class OneCycle(Schedule):
    pct_start: float = value("share of training in which the rate rises", above=0, below=1)
    div_factor: float = value("the rate starts at lr divided by this", low=1)
    final_div_factor: float = value("and ends at its start divided by this", low=1)


@dataclass
class Loss(Option):
    """The training loss, averaged over a batch."""


@dataclass
class CrossEntropy(Loss):
    label_smoothing: float = value("probability moved from the label to all classes evenly", low=0, below=1)


@dataclass
class Focal(Loss):
    gamma: float = value("how strongly confident predictions are discounted; 0 is cross-entropy", low=0)


@dataclass
class Trainer:
    """How the training loop runs."""

    epochs: int = value("passes over the training images", low=1)
    batch_size: int = value("images a step", low=1)
    device: str = value(
        "where to train; auto takes the first there is of cuda, mps, cpu", choices=("auto", "cpu", "cuda", "mps")
    )
    precision: str = value(
        "auto is bf16 where the hardware computes it natively, else fp32", choices=("auto", "fp32", "bf16")
    )
    channels_last: bool = value("memory layout NHWC, faster for convolutions")
    compile: bool = value("compile the model with torch.compile")
    grad_clip: Optional[float] = value("largest norm of the gradient; null: not limited", above=0)
    ema: Optional[float] = value(
        "decay of an average of the weights, which is then what is evaluated; null: none", above=0, below=1
    )
    tta: str = value(
        "test-time augmentation: views of an image whose logits are averaged when the network is evaluated",
        choices=("none", "flip", "shift", "flip_shift"),  # the functions of ablate.evaluation.tta
    )
    deterministic: bool = value("the same bits again on CUDA too, slower; on the CPU they always are")
    threads: Optional[int] = value("CPU threads; null: PyTorch's choice", low=1)
    selection: str = value("which epoch's weights and metrics are the run's", choices=("last", "best_val"))


@dataclass
class Logger(Option):
    """Where the epoch's figures go besides metrics.csv."""


@dataclass
class Wandb(Logger):
    project: str = value("W&B project")
    mode: str = value("offline writes to the run folder alone", choices=("offline", "online"))


@dataclass
class MLflow(Logger):
    experiment: str = value("MLflow experiment")
    tracking_uri: Optional[str] = value("MLflow server or store; null: a file in the run folder")
