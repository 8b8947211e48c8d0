"""A finished run's network, ready for images: configuration, trust, network, weights."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from ablate.config import trust
from ablate.evaluation.tta import OPTIONS, Views
from ablate.files import bounded
from ablate.runs import record
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ablate.data.prepare import Inputs

BUILT = ("data", "model", "normalization", "activation")  # groups of a configuration that a network is built from


@dataclass(frozen=True, eq=False)
class Trained:
    """A completed run and its network.

    folder, run, config   where it is, its run.json, its configuration
    inputs                classes, channels, image_size, mean, std: what the network takes and tells apart
    model                 with the run's weights, on `device`, in evaluation mode, float32
    pixels                uint8 (B, C, H, W) on any device -> the model's input on its own
    tta                   by which views of an input it is evaluated (`trainer.tta`)
    sha256                of the file of the weights
    """

    folder: Path
    run: dict[str, Any]
    config: DictConfig
    inputs: "Inputs"
    model: "nn.Module"
    pixels: "Callable[[Tensor], Tensor]"
    tta: str
    sha256: str

    @property
    def views(self) -> Views:
        """(B, C, H, W) -> the inputs over which its logits are averaged."""
        return OPTIONS[self.tta]


def load(folder: Path, trusted: bool = False, device: str = "cpu") -> Trained:
    """The network of the run in `folder`, on a device of `trainer.device`. Its training images need not be there.

    Raises:
        InputError: the folder is not that of a completed run; its configuration names what is not of this package,
            and is not `trusted`; or the weights do not fit the configuration.
    """
    run = completed(folder)
    config = record.read_config(folder, trusted)
    if lacking := [name for name in BUILT if not isinstance(config.get(name), DictConfig)]:
        raise InputError(f"The configuration of {folder} has no {lacking[0]}: it is not a run's. Train the run again.")
    trust.check(OmegaConf.masked_copy(config, [*BUILT, "trainer"]), folder, trusted)  # the rest is not read
    trainer = config.get("trainer")
    tta = trainer.get("tta", "none") if isinstance(trainer, DictConfig) else "none"  # an older run has no such key
    if tta not in tuple(OPTIONS):
        raise InputError(f"{folder}: trainer.tta={str(tta)!r:.80} is none of {', '.join(OPTIONS)}.")

    import torch

    from ablate.backend.hardware import pick_device
    from ablate.data.batches import scaling
    from ablate.data.prepare import inputs_from_record
    from ablate.model.build import build_model

    place = pick_device(device)
    inputs = inputs_from_record(run, config.data)
    model = build_model(config, inputs)
    sha256 = load_weights(model, folder / "model.pt")
    pixels = scaling(inputs.mean, inputs.std, place, torch.contiguous_format)
    return Trained(folder, run, config, inputs, model.to(place).eval(), pixels, tta, sha256)


def completed(folder: Path) -> dict[str, Any]:
    """The record of a run that is completed; InputError of another."""
    run = record.read_run(folder)
    if run["status"] != "completed":
        raise InputError(f"{folder} is not a completed run (it is {run['status']}): it has no network to use.")
    return run


def load_weights(model: "nn.Module", path: Path) -> str:
    """Put the weights in a file, no more than the model can take, into the model; returns the file's SHA-256.

    Raises:
        InputError: there is no such file, it is damaged or too large, or its weights are of another network.
    """
    import torch

    most = 2 * sum(weights.nbytes for weights in model.state_dict().values()) + bounded.MIB
    try:
        content = bounded.contents(path, most)
        bounded.check_unpacked(path, content, most)
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} is not there: the run's weights are lost. Train the run again.") from None
    except Exception as error:  # PyTorch raises nearly every kind on a damaged file
        raise InputError(f"{path} does not hold this run's weights: it is damaged. Train the run again.") from error
    try:
        model.load_state_dict(weights)
    except Exception as error:  # and on one that holds something else
        raise InputError(
            f"{path} does not hold this run's weights: they do not fit the network of its configuration."
            " Train the run again."
        ) from error
    return hashlib.sha256(content).hexdigest()
