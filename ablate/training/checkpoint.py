"""Checkpoints: the last two states of an unfinished run, each after an epoch.

One is written after the first epoch, and then after each epoch that ends at least a second after the last one.

The order of images, augmentation and dropout of an epoch depend only on (seed, epoch). A resumed run therefore has the
same results as one that was never interrupted, on the CPU bit for bit.
"""

import io
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ablate.files import atomic, bounded, tensors
from ablate.runs.checkpoints import CHECKPOINTS
from ablate.runs.epochs import MOST_COLUMNS, MOST_ROWS
from ablate.terminal.text import ABSENT

if TYPE_CHECKING:
    from ablate.logger import Row
    from ablate.training.parts import Parts

log = logging.getLogger(__name__)
STATEFUL = ("model", "optimizer", "scheduler", "scaler", "average")  # the parts of a training step that have a state
COPIES = 11  # of the weights: of the last and the selected epoch, their average, and the state of the optimizer
LONGEST_SIDE = 2048  # of the matrices by which optimizers such as Kron or Shampoo multiply each side of a gradient
SELECTED = {"row", "weights", "val_logits", "score"}
INTERVAL_SECONDS = 1.0  # small networks train an epoch in little more time than it takes to save them
INTEGERS = ("epoch", "step")  # columns of a row; the others are floats


class Checkpoint:
    """The checkpoint of the run in a folder.

    Args:
        folder: folder of the run.
        made_by: hashes of configuration, code and images. A checkpoint with other hashes is not used.
        environment: what else affects the results, such as hardware and package versions (`provenance.environment`). A
            checkpoint from another environment is used with a warning.

    Attributes:
        earlier: one dict per change of environment in the course of the run: `epochs` trained before the change, and
            the previous value of each entry that changed.
    """

    def __init__(self, folder: Path, made_by: dict[str, Any], environment: Mapping[str, Any] | None = None) -> None:
        self.next, self.path, self.previous = self.paths = [folder / name for name in CHECKPOINTS]
        self.made_by, self.environment = made_by, dict(environment or {})
        self.earlier: list[dict[str, Any]] = []
        self.pool: ThreadPoolExecutor | None = None
        self.unfinished: Future[None] | None = None
        self.saved_at = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether to save after this epoch: the first of this process, or `INTERVAL_SECONDS` after the last save."""
        return time.monotonic() - self.saved_at >= INTERVAL_SECONDS

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Write the checkpoints of the block in another thread, each before the next one, while training continues.

        The next call of `save`, or the end of the block, raises the error of a checkpoint that cannot be written.
        """
        try:
            with ThreadPoolExecutor(1) as self.pool:  # waits at the end, also after an exception
                yield
                self._wait()
        finally:
            self.pool = None

    def _wait(self) -> None:
        unfinished, self.unfinished = self.unfinished, None
        if unfinished is not None:
            unfinished.result()

    def save(self, parts: "Parts", results: dict[str, Any]) -> None:
        """Write a checkpoint atomically. What it contains may be changed afterwards.

        Args:
            parts: the parts of a training step.
            results: the results so far, plain values and tensors, with one row per epoch in `rows` (`logger.Row`).
        """
        state = {name: getattr(parts, name).state_dict() for name in STATEFUL}
        header = {"made_by": self.made_by, "environment": self.environment, "earlier": self.earlier}
        packed = {**results, "rows": _packed(results["rows"])}
        torch.save({**header, "results": packed, **state}, content := io.BytesIO())
        self._wait()
        if self.pool is None:
            self._write(content)
        else:
            self.unfinished = self.pool.submit(self._write, content)
        self.saved_at = time.monotonic()

    def _write(self, content: io.BytesIO) -> None:
        atomic.write_bytes(self.next, content.getbuffer())
        with suppress(FileNotFoundError):  # the first checkpoint of the run
            atomic.replace(self.path, self.previous)
        atomic.replace(self.next, self.path)

    def load(self, parts: "Parts", epochs: int = MOST_ROWS, logits: tuple[int, int] = (0, 0)) -> dict[str, Any] | None:
        """Restore the last valid checkpoint into `parts` and return its `results`; None if there is none.

        Args:
            parts: the parts of a training step.
            epochs: planned number, the most rows that the results may have.
            logits: number of validation images and of classes, the shape of the logits in the results.
        """
        for path in filter(Path.exists, self.paths):
            try:
                return self._load(path, parts, epochs, logits)
            except FileNotFoundError:
                continue
            except Exception as error:  # zipfile, pickle and PyTorch raise many kinds on a damaged file
                log.warning("%s is not used: %s.", path, str(error).partition("\n")[0].rstrip("."))
        if any(path.exists() for path in self.paths):
            log.warning("%s: no valid checkpoint; training starts from the beginning.", self.path.parent)
        return None

    def _load(self, path: Path, parts: "Parts", epochs: int, logits: tuple[int, int]) -> dict[str, Any]:
        initial = {name: deepcopy(getattr(parts, name).state_dict()) for name in STATEFUL}
        with tensors.opened(path, _limit(initial, epochs, logits)) as file:
            if file.content["made_by"] != self.made_by:
                raise ValueError("it belongs to another configuration, other code or other images")
            _check(file.content, initial, epochs, logits)
            saved = file.tensors(file.content)
        saved["results"]["rows"] = _unpacked(saved["results"]["rows"])
        earlier = self._environment_changes(saved)
        try:
            for name in STATEFUL:
                getattr(parts, name).load_state_dict(saved[name])
        except Exception:
            _restore(parts, initial)  # undo a partial restore
            raise
        self.earlier = earlier
        return saved["results"]

    def _environment_changes(self, saved: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the changes of environment up to now, including one since the checkpoint was written."""
        old, new = saved["environment"], self.environment
        changed = {key: old.get(key, ABSENT) for key in {**old, **new} if old.get(key, ABSENT) != new.get(key, ABSENT)}
        if not changed:
            return list(saved["earlier"])
        epochs = len(saved["results"]["rows"])
        changes = "; ".join(f"{key}: {value} then, {new.get(key, ABSENT)} now" for key, value in changed.items())
        log.warning(
            "Resumes after epoch %d in another environment (%s). Results may not be bit-identical.", epochs, changes
        )
        return [*saved["earlier"], {"epochs": epochs, **changed}]


def _packed(rows: "Sequence[Row]") -> dict[str, Any]:
    """Pack rows into one tensor: PyTorch checks each number outside of a tensor, which would slow down late epochs."""
    return {"columns": list(rows[0]), "values": torch.tensor([list(row.values()) for row in rows], dtype=torch.float64)}


def _unpacked(packed: Mapping[str, Any]) -> "list[Row]":
    rows = [dict(zip(packed["columns"], values, strict=True)) for values in packed["values"].tolist()]
    return [{**row, **{name: int(row[name]) for name in INTEGERS}} for row in rows]


def _limit(initial: Mapping[str, Any], epochs: int, logits: tuple[int, int]) -> tensors.Limit:
    """The largest checkpoint: the weights several times over, matrices of the optimizer, the rows and the logits."""
    weights = sum(value.nbytes for value in initial["model"].values() if isinstance(value, Tensor))
    shapes = [value.shape for value in initial["model"].values() if isinstance(value, Tensor)]
    matrices = sum(8 * min(side, LONGEST_SIDE) ** 2 for shape in shapes for side in shape)  # two in float32 each
    others = matrices + 8 * MOST_COLUMNS * min(epochs, MOST_ROWS) + 4 * math.prod(logits) + bounded.MIB
    return tensors.Limit(len(initial["model"]), COPIES * weights + others)


def _check(content: Mapping[str, Any], initial: Mapping[str, Any], epochs: int, logits: tuple[int, int]) -> None:
    """Raise ValueError unless the tensors and states in a file have the shapes and keys of those of the run."""
    results = content["results"]
    if not all(tensors.same_shapes(content[name], initial[name]) for name in STATEFUL if name != "optimizer"):
        raise ValueError("its network, schedule or precision differs from that of the run")
    rows = results["rows"]["values"].shape
    if len(rows) != 2 or rows[0] > epochs or rows[1] != len(results["rows"]["columns"]) or rows[1] > MOST_COLUMNS:
        raise ValueError("it is of more epochs than planned")
    if selected := results.get("selected"):
        if selected["val_logits"].shape != logits or selected.keys() != SELECTED:
            raise ValueError("it is of other validation images")
        if not tensors.same_shapes(selected["weights"], initial["model"]):
            raise ValueError("its selected weights are not those of the run's network")


def _restore(parts: "Parts", state: Mapping[str, Any]) -> None:
    for name in STATEFUL:
        getattr(parts, name).load_state_dict(state[name])
