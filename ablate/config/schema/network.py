"""Schema of the groups `model`, `normalization` and `activation`."""

from dataclasses import dataclass
from typing import Any, Optional

from ablate.config.field import value
from ablate.config.schema.option import Option


@dataclass
class Model(Option):
    """A classifier. Its classes, channels and image size come from the data."""


@dataclass
class MLP(Model):
    hidden: list[int] = value("units of each hidden layer", low=1)


@dataclass
class Dropout(Model):
    dropout: float = value("dropout probability, at the positions of the original paper", low=0, below=1)


@dataclass
class VGG(Dropout):
    depth: int = value("layers with weights", choices=(11, 13, 16, 19))


@dataclass
class ResNet(Model):
    depth: int = value(
        "layers with weights; 18 and 34 have four stages, the others three", choices=(18, 20, 32, 34, 44, 56)
    )


@dataclass
class WideResNet(Dropout):
    depth: int = value("layers with weights, 6n + 4", choices=(10, 16, 22, 28, 40))
    widen_factor: int = value("channels, as a multiple of those of the CIFAR ResNet", low=1, high=20)


@dataclass
class ViT(Dropout):
    patch_size: int = value("side of a square patch, a divisor of the image size", unit="pixels", low=1)
    width: int = value("features per token, a multiple of heads", low=1)
    depth: int = value("transformer blocks", low=1)
    heads: int = value("attention heads", low=1)
    mlp_ratio: float = value("hidden units of the MLP in a block, as a multiple of width", above=0)

    def check(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"model.width={self.width} must be a multiple of model.heads={self.heads}")


@dataclass
class SpeedNet(Model):
    widths: list[int] = value("channels of each stage; a stage halves height and width", low=1)
    depth: int = value("convolutions per stage", low=1)
    patch_size: int = value("side of the patches in the first layer", unit="pixels", low=1)
    directions: int = value("filters of the first layer; each is also present negated", low=1)
    stride: int = value("stride of the first layer", unit="pixels", low=1)
    whitening: bool = value("freeze the first layer at the whitening of the training images; false: train it")
    identity: bool = value("initialize convolutions as the identity")
    logit_scale: float = value("factor on the logits", above=0)
    ceil_mode: bool = value("pools keep the last row and column of a feature map of odd size; false: drop them")


@dataclass
class External(Model):
    name: str = value("name of the model in the library")
    options: dict[str, Any] = value("further arguments of the library's model, such as {drop_path_rate: 0.1}")
    weights: Optional[str] = value(
        "pretrained weights: a file (state_dict or safetensors), or default for those of the library; null: untrained"
    )
    freeze: Any = value(
        "layers that are not trained: all_but_head, or prefixes of parameter names, such as [layer1,layer2.0]; null:"
        " none"
    )
    head_warmup_epochs: int = value("epochs in which only the head is trained: the other learning rates are 0", low=0)

    def check(self) -> None:
        is_list = isinstance(self.freeze, list) and self.freeze and all(isinstance(name, str) for name in self.freeze)
        if self.freeze not in (None, "all_but_head") and not is_list:
            raise ValueError(
                f"model.freeze={self.freeze} must be all_but_head or a list of prefixes of parameter names, such as"
                " [layer1,layer2.0]"
            )


@dataclass
class Normalization(Option):
    """The normalization between a convolution or linear layer and its activation."""


@dataclass
class BatchNormalization(Normalization):
    momentum: float = value(
        "weight of a batch in the running statistics, which are used in evaluation", above=0, high=1
    )


@dataclass
class GroupNormalization(Normalization):
    groups: int = value("groups of channels; reduced to the largest divisor of the channels", low=1)


@dataclass
class Activation(Option):
    """The activation function."""


@dataclass
class LeakyReLU(Activation):
    negative_slope: float = value("slope for negative inputs", low=0, below=1)
