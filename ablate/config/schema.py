"""The schema of every option: one dataclass per group, extended where an option has keys of its own.

Types are checked by OmegaConf while Hydra composes; ranges and `check()` by `ablate.config.validate`.
"""

from dataclasses import dataclass, field
from typing import Any, Optional

from omegaconf import MISSING

from ablate.config.field import value


@dataclass
class Option:
    """An option of a group: the function or class it stands for."""

    _target_: str = MISSING


# --- data -------------------------------------------------------------------------------------------------------


@dataclass
class Data(Option):
    """Labelled images. The keys below are common to all; what a subclass adds is passed to its `_target_`."""

    val_fraction: float = value("share of the training images held out for validation", above=0, below=1)
    split_seed: int = value(
        "seed of the stratified train/validation split, the same for every run seed", low=0, below=2**32
    )
    train_limit: Optional[int] = value("use only so many training images (stratified); null: all", low=1)
    mean: Optional[list[float]] = value(
        "subtracted from pixels in [0, 1], a value per channel or one for all; null: computed"
    )
    std: Optional[list[float]] = value("divides them then, a value per channel or one for all; null: computed", above=0)


@dataclass
class Download(Data):
    """A data set that torchvision downloads."""

    root: str = value("folder the files are kept in")


@dataclass
class ImageFolder(Data):
    """Image files, one folder a class."""

    root: str = value("folder that holds train/<class>/ and, optionally, test/<class>/")
    image_size: int = value("images are resized to this height and width", unit="pixels", low=4, high=1024)


# --- model ------------------------------------------------------------------------------------------------------


@dataclass
class Model(Option):
    """A classifier; classes, channels and image size come from the data, norm and activation from their groups."""


@dataclass
class MLP(Model):
    hidden: list[int] = value("units of each hidden layer", low=1)


@dataclass
class Dropout(Model):
    dropout: float = value("probability of dropping a unit, where the network's paper drops units", low=0, below=1)


@dataclass
class VGG(Dropout):
    depth: int = value("layers with weights", choices=(11, 13, 16, 19))


@dataclass
class ResNet(Model):
    depth: int = value("layers with weights; 18 and 34 are the four-stage form", choices=(18, 20, 32, 34, 44, 56))


@dataclass
class WideResNet(Dropout):
    depth: int = value("layers with weights, 6n + 4", choices=(10, 16, 22, 28, 40))
    widen_factor: int = value("channels, as a multiple of the thin network's", low=1, high=20)


@dataclass
class ViT(Dropout):
    patch_size: int = value("side of a square patch, a divisor of the image size", unit="pixels", low=1)
    width: int = value("features of a token, a multiple of heads", low=1)
    depth: int = value("transformer blocks", low=1)
    heads: int = value("attention heads", low=1)
    mlp_ratio: float = value("hidden units of a block's MLP, as a multiple of width", above=0)

    def check(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"model.width={self.width} must be a multiple of model.heads={self.heads}")


@dataclass
class External(Model):
    name: str = value("the library's own name of the model")


# --- normalization, activation, augmentation --------------------------------------------------------------------


@dataclass
class Normalization(Option):
    """The layer between a convolution or linear map and its activation."""


@dataclass
class GroupNormalization(Normalization):
    groups: int = value("groups of channels; the largest divisor of the channels up to it is used", low=1)


@dataclass
class Activation(Option):
    """The nonlinearity."""


@dataclass
class LeakyReLU(Activation):
    negative_slope: float = value("slope for negative inputs", low=0, below=1)


@dataclass
class Step(Option):
    """One step of an augmentation; a list of options is their steps in that order."""


@dataclass
class Flip(Step):
    p: float = value("probability of mirroring an image left to right", low=0, high=1)


@dataclass
class Crop(Step):
    padding: int = value("black border from which a crop of the original size is cut", unit="pixels", low=1)


@dataclass
class Cutout(Step):
    size: int = value("side of the erased square", unit="pixels", low=1)


@dataclass
class ColorJitter(Step):
    brightness: float = value("largest relative change", low=0, high=1)
    contrast: float = value("largest relative change", low=0, high=1)
    saturation: float = value("largest relative change", low=0, high=1)
    hue: float = value("largest shift", unit="turns of the colour circle", low=0, high=0.5)


@dataclass
class RandAugment(Step):
    num_ops: int = value("operations an image", low=1, high=10)
    magnitude: int = value("strength, of 31 bins", low=0, high=30)


@dataclass
class AutoAugment(Step):
    policy: str = value("the data set the policy was learned on", choices=("cifar10", "imagenet", "svhn"))


@dataclass
class Mix(Step):
    alpha: float = value("both parameters of the Beta distribution of the mixing weight", above=0)


# --- optimizer, schedule, loss ----------------------------------------------------------------------------------


@dataclass
class Optimizer(Option):
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


# --- trainer, logger, study -------------------------------------------------------------------------------------


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


@dataclass
class Study:
    """A plan: which variants are run, and where."""

    name: str = value("folder of the study under outputs/")
    design: str = value("which variants are run", choices=("factorial",))


@dataclass
class Config:
    """The whole configuration of a run."""

    seed: int = value("replicate: the one number all randomness comes from", low=0, below=2**63)
    data: Data = MISSING
    model: Model = MISSING
    normalization: Normalization = MISSING
    activation: Activation = MISSING
    augmentation: dict[str, Any] = field(default_factory=dict)
    optimizer: Optimizer = MISSING
    schedule: Schedule = MISSING
    loss: Loss = MISSING
    trainer: Trainer = MISSING
    logger: Logger = MISSING
    study: Study = MISSING
