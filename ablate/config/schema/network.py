"""The network: the groups `model`, `normalization` and `activation`."""

from dataclasses import dataclass

from ablate.config.field import value
from ablate.config.schema.option import Option


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
class SpeedNet(Model):
    widths: list[int] = value("channels of each stage; each halves height and width", low=1)
    depth: int = value("convolutions of a stage", low=1)
    patch_size: int = value("side of the patches the first layer sees", unit="pixels", low=1)
    directions: int = value("filters of the first layer, of which there is also the negative", low=1)
    stride: int = value("step from patch to patch", unit="pixels", low=1)
    whitening: bool = value("set the first layer's filters from the training images, and keep them; false: learn them")
    identity: bool = value("start convolutions so that they pass on their input")
    logit_scale: float = value("factor on the logits", above=0)
    ceil_mode: bool = value("pools keep the last row and column of a map of odd size; false: they drop them")


@dataclass
class External(Model):
    name: str = value("the library's own name of the model")


@dataclass
class Normalization(Option):
    """The layer between a convolution or linear map and its activation."""


@dataclass
class BatchNormalization(Normalization):
    momentum: float = value("share of a batch in the running statistics, by which it is evaluated", above=0, high=1)


@dataclass
class GroupNormalization(Normalization):
    groups: int = value("groups of channels; the largest divisor of the channels up to it is used", low=1)


@dataclass
class Activation(Option):
    """The nonlinearity."""


@dataclass
class LeakyReLU(Activation):
    negative_slope: float = value("slope for negative inputs", low=0, below=1)
