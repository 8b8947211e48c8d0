"""What a run trains with, built from its configuration before the first step."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor

from ablate.backend import padded_convolutions
from ablate.config import returned
from ablate.data.batches import Resident, resident
from ablate.data.prepare import Prepared
from ablate.files import atomic
from ablate.model import pretrained
from ablate.runs import provenance
from ablate.runs.record_parts import Environment
from ablate.runs.samples import FILE
from ablate.training import device_errors, parts
from ablate.training.devices.interface import ONE_DEVICE, Devices
from ablate.training.first_batch import samples
from ablate.training.parts import Parts


@dataclass
class RunSetUp:
    """The parts of a step, the images, in memory and on the device, and what is recorded before training.

    `first_batch` are the first augmented training images, uint8 (n, C, H, W); `macs` multiply-accumulates per image.
    """

    parts: Parts
    data: Prepared
    images: Resident
    device: torch.device
    environment: Environment
    first_batch: np.ndarray
    macs: int


def set_up_run(config: DictConfig, folder: Path, devices: Devices = ONE_DEVICE) -> RunSetUp:
    """Build the parts of a step, load the images onto the device, and write `samples.npz` into the run's folder."""
    step, data, images, device, precision, macs = set_up_process(config, devices)
    first_batch = samples(step.augment, images, config.trainer, config.seed)
    atomic.write_bytes(folder / FILE, first_batch, durable=False)
    weights = pretrained.default_sha256(config.model)
    environment = provenance.environment(device.type, precision, weights, devices.size)
    return RunSetUp(step, data, images, device, environment, np.load(io.BytesIO(first_batch))["images"], macs)


class ProcessSetUp(NamedTuple):
    """What a process trains with; the attributes are those of `RunSetUp`, and the precision."""

    parts: Parts
    data: Prepared
    images: Resident
    device: torch.device
    precision: str
    macs: int


def set_up_process(config: DictConfig, devices: Devices) -> ProcessSetUp:
    """Build the parts of a step in each process of a run, and load the images onto its device."""
    step, data, device, precision = parts.load_and_build(config, devices)
    images = resident(data, device)
    explained = device_errors.explained(step, images, config.trainer, config.seed)
    with explained, padded_convolutions.zero_gradients(step.model):
        logits, macs = parts.forward_pass(step.model, step.pixels, images.images[:1])
    shape = (1, len(data.classes))
    if not isinstance(logits, Tensor) or logits.shape != shape:
        raise returned.error("model", config.model.get("_target_"), logits, f"logits of shape {shape}", "the network")
    return ProcessSetUp(step, data, images, device, precision, macs)
