"""The exact state of an unfinished run, kept beside it as `checkpoint.pt`, and the one before it.

Order, augmentation and dropout of an epoch are streams of (seed, epoch) alone: with the state after an epoch, the rest
is trained as if the run had never been cut off, on the CPU to the last bit.
"""

import io
import logging
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
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
        self.path, self.before = folder / record.CHECKPOINT, folder / record.BEFORE
        self.made_by = made_by

    def save(self, parts: "Parts", outcome: dict[str, Any]) -> None:
        """Write the parts' state and the `outcome` so far, plain values and tensors, whole or not at all."""
        state = {name: getattr(parts, name).state_dict() for name in STATEFUL}
        torch.save({"made_by": self.made_by, "outcome": outcome, **state}, content := io.BytesIO())
        self.before.unlink(missing_ok=True)
        with suppress(OSError):  # there is none yet, or the file system has no second names: then there is only one
            os.link(self.path, self.before)
        record.write_bytes(self.path, content.getbuffer())

    def load(self, parts: "Parts") -> dict[str, Any] | None:
        """Put the last whole state into the parts and return its outcome; None if there is none that fits."""
        for path in (self.path, self.before):
            try:
                return self._load(path, parts)
            except FileNotFoundError:
                continue
            except Exception as error:  # PyTorch raises nearly every kind on a damaged file
                log.warning("%s is not used: %s.", path, str(error).partition("\n")[0].rstrip("."))
        if self.path.exists() or self.before.exists():
            log.warning("%s: no checkpoint can be used; the run starts anew.", self.path.parent)
        return None

    def _load(self, path: Path, parts: "Parts") -> dict[str, Any]:
        content = path.read_bytes()
        # PyTorch's file is a zip, which has a checksum of each member that PyTorch does not look at.
        if damaged := zipfile.ZipFile(io.BytesIO(content)).testzip():
            raise ValueError(f"it is damaged in {damaged}")
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if saved["made_by"] != self.made_by:
            raise ValueError("it is of another configuration or code")
        fresh = {name: deepcopy(getattr(parts, name).state_dict()) for name in STATEFUL}
        try:
            for name in STATEFUL:
                getattr(parts, name).load_state_dict(saved[name])
        except Exception:
            _restore(parts, fresh)  # a state that was put in by half is none
            raise
        return saved["outcome"]


def _restore(parts: "Parts", state: Mapping[str, Any]) -> None:
    for name in STATEFUL:
        getattr(parts, name).load_state_dict(state[name])
