"""The exact state of an unfinished run, kept beside it as `checkpoint.pt`, and the one before it.

Order, augmentation and dropout of an epoch are streams of (seed, epoch) alone: with the state after an epoch, the rest
is trained as if the run had never been cut off, on the CPU to the last bit.
"""

import io
import logging
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ablate.files import atomic, bounded
from ablate.runs.checkpoints import CHECKPOINTS
from ablate.terminal.text import ABSENT

if TYPE_CHECKING:
    from ablate.logger import Row
    from ablate.training.loop import Parts

log = logging.getLogger(__name__)
STATEFUL = ("model", "optimizer", "scheduler", "average")  # of the parts of a step
WHOLE = ("epoch", "step")  # columns of a row that are whole numbers


class Checkpoint:
    """`folder`/checkpoint.pt. `made_by` says what a state belongs to; one made by anything else is not used.

    `environment` is what its numbers depend on beside that (`provenance.environment`); a state of another is gone on
    with, and `earlier` then says after how many epochs, and what was otherwise until then.
    """

    def __init__(self, folder: Path, made_by: dict[str, Any], environment: Mapping[str, Any] | None = None) -> None:
        self.following, self.path, self.before = self.paths = [folder / name for name in CHECKPOINTS]
        self.made_by, self.environment = made_by, dict(environment or {})
        self.earlier: list[dict[str, Any]] = []

    def save(self, parts: "Parts", outcome: dict[str, Any]) -> None:
        """Write the parts' state and the `outcome` so far, plain values and tensors, whole or not at all.

        `outcome` has `rows`, of an epoch each (`logger.Row`).
        """
        state = {name: getattr(parts, name).state_dict() for name in STATEFUL}
        of = {"made_by": self.made_by, "environment": self.environment, "earlier": self.earlier}
        packed = {**outcome, "rows": _packed(outcome["rows"])}
        torch.save({**of, "outcome": packed, **state}, content := io.BytesIO())
        atomic.write_bytes(self.following, content.getbuffer())
        with suppress(FileNotFoundError):  # there is none yet
            os.replace(self.path, self.before)
        os.replace(self.following, self.path)

    def load(self, parts: "Parts") -> dict[str, Any] | None:
        """Put the last whole state into the parts and return its outcome; None if there is none that fits."""
        for path in self.paths:
            try:
                return self._load(path, parts)
            except FileNotFoundError:
                continue
            except Exception as error:  # PyTorch raises nearly every kind on a damaged file
                log.warning("%s is not used: %s.", path, str(error).partition("\n")[0].rstrip("."))
        if any(path.exists() for path in self.paths):
            log.warning("%s: no checkpoint can be used; the run starts anew.", self.path.parent)
        return None

    def _load(self, path: Path, parts: "Parts") -> dict[str, Any]:
        fresh = {name: deepcopy(getattr(parts, name).state_dict()) for name in STATEFUL}
        most = _most(fresh)
        content = bounded.contents(path, most)
        bounded.check_unpacked(path, content, most)
        # PyTorch's file is a zip, which has a checksum of each member that PyTorch does not look at.
        if damaged := zipfile.ZipFile(io.BytesIO(content)).testzip():
            raise ValueError(f"it is damaged in {damaged}")
        saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if saved["made_by"] != self.made_by:
            raise ValueError("it is of another configuration, other code or other images")
        saved["outcome"]["rows"] = _unpacked(saved["outcome"]["rows"])
        earlier = self._earlier(saved)
        try:
            for name in STATEFUL:
                getattr(parts, name).load_state_dict(saved[name])
        except Exception:
            _restore(parts, fresh)  # a state that was put in by half is none
            raise
        self.earlier = earlier
        return saved["outcome"]

    def _earlier(self, saved: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What a state says of the environments it is of, and in what the last of them is not this one."""
        was, now = saved["environment"], self.environment
        changed = {key: was.get(key, ABSENT) for key in {**was, **now} if was.get(key, ABSENT) != now.get(key, ABSENT)}
        if not changed:
            return list(saved["earlier"])
        epochs = len(saved["outcome"]["rows"])
        differences = "; ".join(f"{key}: {value} then, {now.get(key, ABSENT)} now" for key, value in changed.items())
        log.warning("Epoch %d was the last under another environment (%s): other bits may follow.", epochs, differences)
        return [*saved["earlier"], {"epochs": epochs, **changed}]


def _packed(rows: "Sequence[Row]") -> dict[str, Any]:
    """Rows as one tensor: PyTorch looks at each number outside of one, and late epochs of a run would wait for it."""
    return {"columns": list(rows[0]), "values": torch.tensor([list(row.values()) for row in rows], dtype=torch.float64)}


def _unpacked(packed: Mapping[str, Any]) -> "list[Row]":
    rows = [dict(zip(packed["columns"], values, strict=True)) for values in packed["values"].tolist()]
    return [{**row, **{name: int(row[name]) for name in WHOLE}} for row in rows]


def _most(fresh: Mapping[str, Any]) -> int:
    """Bytes that a state of parts with these fresh ones may have: an optimiser keeps a few times what it optimises."""
    weights = sum(value.nbytes for value in fresh["model"].values() if isinstance(value, Tensor))
    return 32 * weights + bounded.GIB


def _restore(parts: "Parts", state: Mapping[str, Any]) -> None:
    for name in STATEFUL:
        getattr(parts, name).load_state_dict(state[name])
