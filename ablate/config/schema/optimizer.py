"""Schema of the group `optimizer`."""

from dataclasses import dataclass
from typing import Any, Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class Optimizer(Option):
    """The optimizer."""

    lr: float = value("peak learning rate", above=0)
    weight_decay: float = value(
        "L2 penalty (sgd, adam, rmsprop) or decoupled decay (adamw, muon); of timm, schedule_free and sam: as in the"
        " optimizer that they name",
        low=0,
    )
    decay_norm_and_bias: bool = value("also apply weight decay to biases and normalization parameters")
    layer_decay: Optional[float] = value(
        "factor on the learning rate from each layer to the one before it, toward the input; null: none",
        above=0,
        high=1,
    )


@dataclass
class SGD(Optimizer):
    momentum: float = value("momentum", low=0, below=1)
    nesterov: bool = value("use Nesterov momentum; needs momentum above 0")

    def check(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.nesterov=true needs optimizer.momentum above 0")


@dataclass
class Adam(Optimizer):
    betas: list[float] = value("decay rates of the first and second moment estimates", low=0, below=1)
    eps: float = value("added to the denominator for numerical stability", above=0)

    def check(self) -> None:
        if len(self.betas) != 2:
            raise ValueError(f"optimizer.betas={self.betas} must be two numbers")


@dataclass
class RMSprop(Optimizer):
    alpha: float = value("decay rate of the average of squared gradients", low=0, below=1)
    momentum: float = value("momentum", low=0, below=1)
    eps: float = value("added to the denominator for numerical stability", above=0)


@dataclass
class Muon(Optimizer):
    momentum: float = value("momentum of the matrix parameters", low=0, below=1)
    nesterov: bool = value("use Nesterov momentum")
    ns_steps: int = value("Newton-Schulz iterations per step", low=1, high=20)
    fixed_norm: bool = value(
        "scale matrices and filters to Frobenius norm sqrt(rows) before each step, instead of weight decay"
    )
    companion_lr: float = value("learning rate of AdamW, which trains vectors and the classifier", above=0)


@dataclass
class Timm(Optimizer):
    name: str = value("name of the optimizer in timm; lookahead_NAME adds Lookahead")
    options: dict[str, Any] = value("further arguments of the optimizer, which timm checks")

    def check(self) -> None:
        from ablate.backend import timm_optimizers  # imports PyTorch and timm, which takes a while

        timm_optimizers.check(self.name, self.lr, self.weight_decay, self.options)


@dataclass
class ScheduleFree(Optimizer):
    base: str = value("optimizer without momentum whose weights are averaged", choices=("sgd", "adamw", "radam"))
    momentum: float = value(
        "weight of the average in the point where the gradient is computed; beta1 of adamw and radam", above=0, below=1
    )
    beta2: float = value("decay rate of the second moment estimate of adamw and radam", low=0, below=1)
    eps: float = value("added to the denominator of adamw and radam for numerical stability", above=0)


@dataclass
class SAM(Optimizer):
    base: str = value("optimizer that takes the step", choices=("sgd", "adamw"))
    rho: float = value("norm of the perturbation of the weights", above=0)
    adaptive: bool = value("scale the perturbation of each weight by its size (ASAM)")
    momentum: float = value("momentum of sgd; beta1 of adamw", low=0, below=1)
    beta2: float = value("decay rate of the second moment estimate of adamw", low=0, below=1)
