"""A network in formats that other programs read: each is written to bytes, and read again to see what it says.

In `onnx`, `torchscript` and `pt2` the scaling of pixels and the views of `trainer.tta` are part of the network: images
go in as they are decoded. In `safetensors` there are the weights alone.
"""

import copy
import importlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ablate.evaluation import tta
from ablate.terminal.errors import InputError

Metadata = dict[str, Any]  # plain values
Logits = Callable[[Tensor], Tensor]  # of uint8 images
METADATA = "metadata.json"  # its name in the archives of PyTorch


class Network(nn.Module):
    """uint8 images (N, C, H, W), values 0 to 255 -> logits (N, classes)."""

    def __init__(self, model: nn.Module, views: tta.Views, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.model, self.views = model, views
        # Buffers, unlike the constants of a function, follow the network to a device.
        self.shift: Tensor
        self.divisor: Tensor
        self.register_buffer("shift", 255 * mean.view(1, -1, 1, 1))
        self.register_buffer("divisor", 255 * std.view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes)."""
        return tta.logits(self.model, (images - self.shift) / self.divisor, self.views)


def to_onnx(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """ONNX: input `images`, output `logits`, any number of images; `metadata` as its properties."""
    helper, *_ = (needed(module, "onnx") for module in ("onnx.helper", "onnxscript", "onnxruntime"))
    exported = _exported(network, example)
    program = torch.onnx.export(exported, input_names=["images"], output_names=["logits"], verbose=False)
    assert program is not None  # it is written to no file
    model = program.model_proto
    helper.set_model_props(model, _texts(metadata))
    return model.SerializeToString()


def from_onnx(content: bytes, network: Network) -> Logits:
    """What ONNX Runtime computes of it, on the CPU."""
    session = needed("onnxruntime", "onnx").InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


def to_torchscript(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """TorchScript, traced; `metadata` as the extra file `METADATA`. PyTorch 2.13 deprecates it for torch.export."""
    traced = torch.jit.trace(network, example, check_trace=False)  # it is checked as a file
    torch.jit.save(traced, content := io.BytesIO(), _extra_files={METADATA: json.dumps(metadata)})
    with zipfile.ZipFile(content) as archive, zipfile.ZipFile(clean := io.BytesIO(), "w") as written:
        for member in archive.infolist():
            if not member.filename.endswith(".debug_pkl"):  # where each line of code is, on this machine
                written.writestr(member, archive.read(member))
    return clean.getvalue()


def from_torchscript(content: bytes, network: Network) -> Logits:
    """What it computes in PyTorch."""
    return torch.jit.load(io.BytesIO(content))


def to_pt2(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """PyTorch's torch.export, any number of images; `metadata` as the extra file `METADATA`."""
    program = _exported(network, example)
    torch.export.save(program, content := io.BytesIO(), extra_files={METADATA: json.dumps(metadata)})
    return content.getvalue()


def from_pt2(content: bytes, network: Network) -> Logits:
    """What it computes in PyTorch."""
    return torch.export.load(io.BytesIO(content)).module()


def to_safetensors(network: Network, example: Tensor, metadata: Metadata) -> bytes:
    """The weights, by the names of the model's state_dict."""
    weights = {name: value.contiguous().clone() for name, value in network.model.state_dict().items()}
    return needed("safetensors.torch", "safetensors").save(weights, _texts(metadata))


def from_safetensors(content: bytes, network: Network) -> Logits:
    """What the network computes with the weights that it holds, and no others."""
    other = copy.deepcopy(network)
    other.model.load_state_dict(needed("safetensors.torch", "safetensors").load(content))
    return other


# To write a network, by an example of its input, and to read what was written.
FORMATS: dict[str, tuple[Callable[[Network, Tensor, Metadata], bytes], Callable[[bytes, Network], Logits]]] = {
    "onnx": (to_onnx, from_onnx),
    "torchscript": (to_torchscript, from_torchscript),
    "pt2": (to_pt2, from_pt2),
    "safetensors": (to_safetensors, from_safetensors),
}


def _exported(network: Network, example: Tensor) -> torch.export.ExportedProgram:
    """The network's operations, for any number of images, without where each line of code is on this machine."""
    program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def _texts(metadata: Metadata) -> dict[str, str]:
    """For a format whose metadata are texts: what is none as JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}


def needed(module: str, form: str) -> Any:
    """A module that only exports need; InputError, saying how it is installed, if it is not."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"--format {form} needs the package {package}. Run: pip install 'hydra-ablate[export]'"
        ) from error
