"""The parts of `run.json`: epochs, times, memory, images, and what a result may depend on."""

from typing import Any, Literal

import msgspec

from ablate.runs.json_file import Count, Positive, Record, Whole


class EpochCount(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Epochs planned and done."""

    planned: Whole | None = None
    done: Whole | None = None


class Seconds(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Wall-clock time of each phase of a run, and of all of it."""

    setup: float | None = None
    train: float | None = None
    write: float | None = None
    total: float | None = None


class PeakMemory(Record, frozen=True, kw_only=True):
    """Peak memory in MiB: of the process and, on a GPU, of the device."""

    process: float | None = None
    device: float | None = None


class GitState(Record, frozen=True, kw_only=True):
    """The commit of the checkout that trained, and whether its files were changed."""

    commit: str | None = None
    dirty: bool = False


class Inputs(Record, frozen=True, kw_only=True):
    """The model's input: its size, and the mean and standard deviation that scale each channel."""

    channels: Positive
    image_size: Positive
    mean: list[float]
    std: list[float]


class ImageCounts(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Numbers of images: of `training` and `validation`, and what the latter were used for.

    `selection` of them selected the epoch (0: it is the last), and `evaluation` of them gave the run's metrics. `split`
    is how the validation images were chosen: a stratified share, a share by groups, or a fixed set.
    """

    training: Count
    validation: Count
    selection: Count
    evaluation: Count
    split: Literal["stratified", "grouped", "fixed"] = "stratified"


class Environment(Record, frozen=True, kw_only=True):
    """Versions and hardware that a result may depend on.

    `devices` is the number of devices of a run on several; `device` and `threads` are then those of each.
    `default_weights` is the SHA-256 of pretrained weights that timm or torchvision provided (model.weights=default).
    `earlier` describes what differed before the run was resumed in another environment.
    """

    python: str | None = None
    torch: str | None = None
    torchvision: str | None = None
    timm: str | None = None
    numpy: str | None = None
    pillow: str | None = None
    hydra_ablate: str | None = msgspec.field(name="hydra-ablate", default=None)
    platform: str | None = None
    cpu: str | None = None
    device: str | None = None
    threads: Positive | None = None
    precision: str | None = None
    devices: Positive | None = None
    default_weights: str | None = None
    earlier: list[dict[str, Any]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by the names of run.json; `devices`, `default_weights` and `earlier` only if there are any."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        optional = {key: values.pop(key) for key in ("devices", "default_weights", "earlier")}
        return values | {key: value for key, value in optional.items() if value is not None}
