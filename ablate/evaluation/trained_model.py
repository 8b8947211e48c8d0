"""Load the network of a finished run: check its configuration, build the network, load the weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from ablate.config import trust
from ablate.evaluation.tta import OPTIONS, Views
from ablate.files import bounded
from ablate.runs import record_parts, run_record
from ablate.runs.config_defaults import with_defaults
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ablate.data.prepare import Inputs

BUILT = ("data", "model", "normalization", "activation")  # groups of a configuration that a network is built from


@dataclass(frozen=True, eq=False)
class Trained:
    """A completed run and its network.

    folder  run folder
    record  content of run.json
    config  configuration
    inputs  classes and input format: channels, image_size, mean, std
    model   network with the trained weights, in evaluation mode, float32
    pixels  maps images uint8 (B, C, H, W) on any device to the input of the model on its device
    tta     test-time augmentation in evaluation (`trainer.tta`)
    sha256  SHA-256 of model.pt
    """

    folder: Path
    record: RunRecord
    config: DictConfig
    inputs: "Inputs"
    model: "nn.Module"
    pixels: "Callable[[Tensor], Tensor]"
    tta: str
    sha256: str

    @property
    def views(self) -> Views:
        """Maps inputs (B, C, H, W) to the views whose logits are averaged."""
        return OPTIONS[self.tta]


def load(folder: Path, trusted: bool = False, device: str = "cpu") -> Trained:
    """The network of the run in `folder`, on a device of `trainer.device`. Its training images are not needed.

    A key that the run's configuration lacks has its default: the run may be of an earlier version.

    Raises:
        InputError: the folder is not that of a completed run; its configuration names code outside this package
            and is not `trusted`; or the weights do not fit the configuration.
    """
    record = completed(folder)
    config = read_config(folder, trusted)
    if lacking := [name for name in BUILT if not isinstance(config.get(name), DictConfig)]:
        raise InputError(f"The configuration of {folder} lacks {lacking[0]}. Retrain the run.")
    trust.check(OmegaConf.masked_copy(config, [*BUILT, "trainer"]), folder, trusted)  # the rest is not read
    config = with_defaults(config)
    trainer = config.get("trainer")
    tta = trainer.get("tta", "none") if isinstance(trainer, DictConfig) else "none"  # as an older run has it
    if tta not in tuple(OPTIONS):
        raise InputError(f"{folder}: trainer.tta={str(tta)!r:.80} is not one of {', '.join(OPTIONS)}.")

    import torch

    from ablate.backend.hardware import pick_device
    from ablate.data.batches import scaling
    from ablate.model.build import build_model

    place = pick_device(device)
    if record.inputs is None and not trusted:
        refuse_download(folder, config)
    inputs = inputs_of(record, config)
    model = build_model(config, inputs)
    sha256 = load_weights(model, folder / "model.pt")
    pixels = scaling(inputs.mean, inputs.std, place, torch.contiguous_format)
    return Trained(folder, record, config, inputs, model.to(place).eval(), pixels, tta, sha256)


def completed(folder: Path) -> RunRecord:
    """The record of a completed run; InputError for any other."""
    record = run_record.read_own(folder)
    if record.status != "completed":
        raise InputError(f"{folder} is not a completed run (it is {record.status}): it has no network to use.")
    return record


def refuse_download(folder: Path, config: DictConfig) -> None:
    """Raise InputError if the images of a run would be downloaded, to a folder that the run names."""
    if str(config.data.get("_target_")).startswith("ablate.data.download."):
        raise InputError(
            f"{folder}/run.json does not describe the model's input, so the run's images would be downloaded to"
            f" {config.data.get('root')}. {trust.ADVICE}"
        )


def inputs_of(record: RunRecord, config: DictConfig) -> "Inputs":
    """The classes and the model's input, from the run's record; if it lacks them, from its training images.

    Raises:
        InputError: the record contradicts itself, or those images are needed and unavailable.
    """
    import torch

    from ablate.data.prepare import Inputs, prepare

    if (inputs := record.inputs) is None:
        return prepare(config.data).inputs
    classes = record.classes or []
    fits = len(inputs.mean) == len(inputs.std) == inputs.channels and len(classes) > 1
    if not fits or not all(0 < value < math.inf for value in inputs.std):
        raise InputError("run.json does not describe the model's input: its inputs and classes do not fit together.")
    mean, std = (torch.tensor(values, dtype=torch.float32) for values in (inputs.mean, inputs.std))
    return Inputs(tuple(classes), inputs.channels, inputs.image_size, mean, std)


def recorded_inputs(inputs: "Inputs") -> record_parts.Inputs:
    """The model's input as plain values, from which `inputs_of` restores it together with the record's classes."""
    return record_parts.Inputs(
        channels=inputs.channels, image_size=inputs.image_size, mean=inputs.mean.tolist(), std=inputs.std.tolist()
    )


class _OtherNetwork(Exception):
    """The weights are of another network."""


def load_weights(model: "nn.Module", path: Path) -> str:
    """Load the weights in a file into the model; return the SHA-256 of the file.

    The file is checked against the names and shapes of the model's weights before any of them is read.

    Raises:
        InputError: there is no such file, it is damaged or too large, or its weights are of another network.
    """
    from ablate.files import tensors

    state = model.state_dict()
    limit = tensors.Limit(len(state), 2 * sum(weights.nbytes for weights in state.values()) + bounded.MIB)
    try:
        with tensors.opened(path, limit) as saved:
            if not tensors.same_shapes(saved.content, state):
                raise _OtherNetwork
            model.load_state_dict(saved.tensors(saved.content))
            return saved.sha256()
    except InputError:
        raise
    except _OtherNetwork:
        raise InputError(
            f"{path} does not hold this run's weights: they do not fit the network of its configuration."
            " Retrain the run."
        ) from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: the run's weights are lost. Retrain the run.") from None
    except Exception as error:  # zipfile and pickle raise many kinds on a damaged file
        raise InputError(f"{path} does not hold this run's weights: it is damaged. Retrain the run.") from error
