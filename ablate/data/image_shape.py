"""Shape of the images of a data set, from its settings alone, before anything is loaded."""

from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf

from ablate.config.schema.images import BUILT_IN, ImageFiles, MedMNIST


class ImageShape(NamedTuple):
    """Channels of an image, and its height and width in pixels."""

    channels: int
    image_size: int


def image_shape(data: DictConfig) -> ImageShape | None:
    """The shape of the images of the `data` group; None for a source of the user.

    Raises:
        InputError: `data.name` is no data set of MedMNIST, or the package is missing.
    """
    if known := BUILT_IN.get(data._target_):
        return ImageShape(*known[:2])
    kind = OmegaConf.get_type(data)
    if not str(data._target_).startswith("ablate.data.") or not isinstance(kind, type):
        return None
    if issubclass(kind, ImageFiles):
        return ImageShape(3, data.image_size)
    if issubclass(kind, MedMNIST):
        from ablate.data.medmnist import facts

        return ImageShape(facts(data.name)["n_channels"], data.size)
    return None
