"""Export formats: a function that writes a network to bytes, and one that loads it for the check.

`onnx` and `pt2` contain the whole network with the normalization of pixels and the test-time augmentation of
`trainer.tta`; their input is uint8 images. `safetensors` contains only the weights.
"""

import copy
import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ablate.evaluation import tta
from ablate.terminal.errors import InputError

Metadata = dict[str, Any]  # JSON-compatible values
Predict = Callable[[Tensor], Tensor]  # images uint8 (N, C, H, W) -> logits (N, classes)
METADATA = "metadata.json"  # extra file in a pt2 archive


class Network(nn.Module):
    """A network with its normalization of pixels and test-time augmentation.

    Args:
        model: the trained network.
        views: the views of an image whose logits are averaged.
        mean: mean of each channel, (C,), pixels in [0, 1].
        std: standard deviation of each channel, (C,).
    """

    def __init__(self, model: nn.Module, views: tta.Views, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.model, self.views = model, views
        # Buffers, so that `.to(device)` moves them with the network.
        self.shift: Tensor
        self.divisor: Tensor
        self.register_buffer("shift", 255 * mean.view(1, -1, 1, 1))
        self.register_buffer("divisor", 255 * std.view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map images uint8 (N, C, H, W), 0 to 255, to logits (N, classes)."""
        return tta.logits(self.model, (images - self.shift) / self.divisor, self.views)


def to_onnx(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """Export to ONNX: input `images`, output `logits`, dynamic batch size; `metadata` as model properties."""
    helper, *_ = (import_optional(module, "onnx") for module in ("onnx.helper", "onnxscript", "onnxruntime"))
    exported = _export(network, example)
    program = torch.onnx.export(exported, input_names=["images"], output_names=["logits"], verbose=False)
    assert program is not None  # because no output file is passed
    model = program.model_proto
    helper.set_model_props(model, _as_strings(metadata))
    return model.SerializeToString()


def from_onnx(content: bytes, network: Network) -> Predict:
    """Load an ONNX model in ONNX Runtime, on the CPU."""
    session = import_optional("onnxruntime", "onnx").InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


def to_pt2(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """Export with torch.export: dynamic batch size; `metadata` as the extra file `METADATA`."""
    program = _export(network, example)
    torch.export.save(program, content := io.BytesIO(), extra_files={METADATA: json.dumps(metadata)})
    return content.getvalue()


def from_pt2(content: bytes, network: Network) -> Predict:
    """Load a program saved by torch.export."""
    return torch.export.load(io.BytesIO(content)).module()


def to_safetensors(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """Export the weights, named as in the model's state_dict."""
    weights = {name: value.contiguous().clone() for name, value in network.model.state_dict().items()}
    return import_optional("safetensors.torch", "safetensors").save(weights, _as_strings(metadata))


def from_safetensors(content: bytes, network: Network) -> Predict:
    """Load the weights into a copy of the network."""
    loaded = copy.deepcopy(network)
    loaded.model.load_state_dict(import_optional("safetensors.torch", "safetensors").load(content))
    return loaded


# (write, load): write(network, example input, metadata) returns the bytes of a file.
FORMATS: dict[str, tuple[Callable[[Network, Tensor, Metadata], bytes], Callable[[bytes, Network], Predict]]] = {
    "onnx": (to_onnx, from_onnx),
    "pt2": (to_pt2, from_pt2),
    "safetensors": (to_safetensors, from_safetensors),
}


def _export(network: Network, example: Tensor) -> torch.export.ExportedProgram:
    """The network as an exported program with dynamic batch size, without the paths of its source files."""
    program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def _as_strings(metadata: Metadata) -> dict[str, str]:
    """Metadata as strings: values of another type are encoded as JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}


def import_optional(module: str, format: str) -> Any:
    """Import a module that only an export format needs; InputError with the pip command if it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"--format {format} needs the package {package}. Run: pip install 'hydra-ablate[export]'"
        ) from error
