"""Import of torchvision that also works next to a CPU build of torch.

PyPI's torchvision is built for CUDA. Next to a CPU torch its compiled operators cannot load, and its import fails with
`operator torchvision::nms does not exist`. Declaring the two missing schemas is enough: no classifier, data set or
transform calls them. Import this module only where torchvision is used, since that takes over a second.
"""

import importlib.util
from pathlib import Path

import torch


def _operators_load() -> bool:
    """Return True if torchvision's compiled operators load with this torch."""
    spec = importlib.util.find_spec("torchvision")
    library = next(Path(spec.origin).parent.glob("_C.*"), None) if spec and spec.origin else None
    if library is None:
        return False
    try:
        torch.ops.load_library(library)
    except OSError:
        return False
    return True


if not _operators_load():
    # Must stay referenced: its operators are removed when it is garbage-collected.
    _schemas = torch.library.Library("torchvision", "FRAGMENT")
    _schemas.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _schemas.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402

__all__ = ["torchvision"]
