"""The exact state of an unfinished run, kept beside it as `checkpoint.pt`.

Order, augmentation and dropout of an epoch are streams of (seed, epoch) alone: with the state after an epoch, the rest
is trained as if the run had never been cut off, on the CPU to the last bit.
"""

import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ablate import record

if TYPE_CHECKING:
    from ablate.engine import Parts

log = logging.getLogger(__name__)
STATEFUL = ("model", "optimizer", "scheduler", "average")  # of the parts of a step


class Checkpoint:
    """`folder`/checkpoint.pt. `made_by` says what a state belongs to; one made by anything else is not used."""

    def __init__(self, folder: Path, made_by: dict[str, Any]) -> None:
        self.path, self.made_by = folder / record.CHECKPOINT, made_by

    def save(self, parts: "Parts", outcome: dict[str, Any]) -> None:
        """Write the parts' state and the `outcome` so far, plain values and tensors, whole or not at all."""
        state = {name: getattr(parts, name).state_dict() for name in STATEFUL}
        torch.save({"made_by": self.made_by, "outcome": outcome, **state}, content := io.BytesIO())
        record.write_bytes(self.path, content.getbuffer(), durable=False)  # a damaged one is only trained again

    def load(self, parts: "Parts") -> dict[str, Any] | None:
        """Put a saved state into the parts and return its outcome; None if there is none that fits."""
        if not self.path.exists():
            return None
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # PyTorch raises nearly every kind on a damaged file
            log.warning("%s cannot be read (%s); the run starts anew.", self.path, error)
            return None
        if saved["made_by"] != self.made_by:
            log.warning("%s is of another configuration or code; the run starts anew.", self.path)
            return None
        for name in STATEFUL:
            getattr(parts, name).load_state_dict(saved[name])
        return saved["outcome"]
