"""Shape of the images of a data set, from its settings alone, before anything is loaded."""

from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from ablate.config.schema.images import ImageFiles, MedMNIST

DOWNLOADED = {"cifar10": (3, 32), "cifar100": (3, 32), "svhn": (3, 32), "stl10": (3, 96)}
DOWNLOADED |= {"mnist": (1, 28), "fashion_mnist": (1, 28)}
KNOWN = {f"ablate.data.download.{name}": shape for name, shape in DOWNLOADED.items()}
KNOWN |= {"ablate.data.digits.digits": (1, 8)}


class ImageShape(NamedTuple):
    """Channels of an image, and its height and width in pixels."""

    channels: int
    image_size: int


def image_shape(data: DictConfig) -> ImageShape | None:
    """The shape of the images of the `data` group; None for a source of the user.

    Raises:
        InputError: `data.name` is no data set of MedMNIST, or the package is missing.
    """
    if data._target_ in KNOWN:
        return ImageShape(*KNOWN[data._target_])
    kind = OmegaConf.get_type(data)
    if not str(data._target_).startswith("ablate.data.") or not isinstance(kind, type):
        return None
    if issubclass(kind, ImageFiles):
        return ImageShape(3, data.image_size)
    if issubclass(kind, MedMNIST):
        from ablate.data.medmnist import facts

        return ImageShape(facts(data.name)["n_channels"], data.size)
    return None
