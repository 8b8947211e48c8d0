"""Read a file of pretrained weights, a state_dict or safetensors, without running code in it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ablate.files import bounded, tensors
from ablate.files.restricted_pickle import Stored
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
NESTED = ("state_dict", "model")  # where training programs keep the weights in a checkpoint
PREFIXES = ("module.", "_orig_mod.", "model.")  # that wrappers put before each name


class _NoWeights(Exception):
    """The file holds something else."""


def read(path: Path, limit: tensors.Limit) -> dict[str, Tensor]:
    """The tensors in a file by name. Its size and its contents are checked before any number is read.

    Args:
        path: of a .safetensors file, or of a file of `torch.save` with a state_dict, alone or in a checkpoint.
        limit: what the file may hold.

    Raises:
        InputError: the file is too large, damaged, or holds something else than weights.
    """
    try:
        with bounded.open_regular(path) as stream:
            size, start = stream.seek(0, 2), stream.seek(0) or stream.read(2)
        bounded.check(path, "has", size, limit.size + limit.pickle)
        if path.suffix == ".safetensors":
            state = _safetensors(path)
        elif start == b"PK":
            with tensors.opened(path, limit) as saved:
                state = saved.tensors(_state(saved.content, Stored))
        else:  # of PyTorch before 1.6
            state = _state(torch.load(path, map_location="cpu", weights_only=True), Tensor)
        return _without_prefix(state)
    except InputError:
        raise
    except _NoWeights:
        reason = "it holds no state_dict"
    except Exception as error:  # zipfile, pickle, PyTorch and safetensors raise many kinds on a damaged file
        log.debug("%s", error, exc_info=True)
        reason = _reason(error)
    raise InputError(
        f"model.weights={path} is not a file of weights: {reason}. Get a fresh copy, or save one with"
        f" torch.save(model.state_dict(), FILE) or safetensors."
    )


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError:
        raise InputError("A .safetensors file needs the package safetensors. Run: pip install safetensors") from None
    return load_file(path)


def _state(content: Any, kind: type) -> Any:
    """The state_dict in a file: all of it, or a part of a checkpoint."""
    parts = [content, *(content.get(name) for name in NESTED)] if isinstance(content, Mapping) else []
    for part in parts:
        if isinstance(part, Mapping) and part and all(isinstance(value, kind) for value in part.values()):
            return part
    raise _NoWeights


def _without_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    names = dict(state)
    for prefix in PREFIXES:
        if names and all(name.startswith(prefix) for name in names):
            names = {name.removeprefix(prefix): value for name, value in names.items()}
    return names


def _reason(error: Exception) -> str:
    """What is wrong with a file, in a few words."""
    refused = ("which is not supported", "Weights only load failed")  # by `restricted_pickle` and PyTorch
    if any(words in str(error) for words in refused):
        return "it is a pickled object that may run code when it is read"
    return "it is damaged or truncated"
