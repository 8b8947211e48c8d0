"""`ablate export RUN`: export a trained network as ONNX, PyTorch (pt2) or safetensors."""

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from omegaconf import OmegaConf

from ablate.commands.flags import Parser
from ablate.files import atomic
from ablate.runs import provenance
from ablate.runs import samples as run_samples
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.evaluation.trained_model import Trained

FILES = {"onnx": "model.onnx", "pt2": "model.pt2", "safetensors": "model.safetensors"}
TOLERANCE = 1e-4  # relative to the largest logit; summing float32 in another order changes logits by about 1e-6 of it
HELP = """\
formats:
  onnx         Input `images`: uint8 (N, channels, size, size), 0 to 255. Output `logits`: (N, classes). Normalization
               by mean and std is part of the network. Resizing is not: resize with Pillow's bilinear filter, without
               keeping the aspect ratio; for a run with data.resize=shorter, resize the shorter side to image_size /
               crop_fraction, then crop the center.
  pt2          The same network for PyTorch: torch.export.load("model.pt2").module()
  safetensors  Only the weights, named as in the model's state_dict. The model expects (pixels / 255 - mean) / std.

Each file also stores the class names, image size, channels, mean, std and the configuration of the network: ONNX and
safetensors as metadata, pt2 as the extra file metadata.json. Before the file is saved, it is loaded again and run on
the images in the run's samples.npz, in one batch and one by one. If a logit differs from that of the run by more than
1e-4 of the largest logit, the export is refused.

Exit status: 0; 2 if the export is refused."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate export",
        description="Export a trained network as ONNX, PyTorch (pt2) or safetensors.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument("--format", choices=FILES, required=True, help="see below")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="output file or folder; default: model.onnx, .pt2, ... in RUN",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that the run's configuration names"
    )
    args = parser.parse_args(arguments)
    path = output_path(args.run, args.format, args.output)
    if path.exists() and not args.force:
        raise InputError(f"{path} exists. Overwrite it with --force, or choose another path with --output.")
    if args.output and not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist. Create it, or choose another path with --output.")
    if path.parent.is_dir():  # otherwise loading the run reports that it does not exist
        atomic.check_writable(path.parent)

    from rich.text import Text

    from ablate.evaluation import trained_model
    from ablate.terminal.console import Console

    with Console(stderr=True).status(Text(f"Writing and checking {path.name}")):  # an export may take a minute
        exported = export(trained_model.load(args.run, args.trust), args.format)
    atomic.write_bytes(path, exported.content)
    print(
        f"{path}: on {plural(exported.images, 'image')}, logits differ from those of the run by at most"
        f" {exported.difference:.1e} (largest logit: {exported.largest:.2g})."
    )
    return 0


def output_path(run: Path, format: str, output: Path | None) -> Path:
    """Return the path of the exported file.

    Args:
        run: folder of the run.
        format: a key of `FILES`.
        output: file or folder; None for the run's folder.

    Raises:
        InputError: the format is unknown.
    """
    if format not in FILES:
        raise InputError(f"Unknown export format {format!r}. Choose one of {', '.join(FILES)}.")
    if output is None or output.is_dir():
        return (output or run) / FILES[format]
    return output


@dataclass(frozen=True)
class Exported:
    """An exported file, and its check against the logits of the run.

    content     the bytes of the file
    images      number of images on which the logits were compared
    difference  largest absolute difference of a logit
    largest     largest absolute logit of the run
    """

    content: bytes
    images: int
    difference: float
    largest: float


def export(run: "Trained", format: str) -> Exported:
    """Export the network of a run and check its logits against those of the run.

    Args:
        run: a loaded run.
        format: a key of `export_formats.FORMATS`.

    Raises:
        InputError: a package is missing, the network cannot be exported in this format, its logits differ, or the run
            has no valid samples.npz.
    """
    import torch

    from ablate.commands import export_formats
    from ablate.evaluation import metrics

    inputs = run.inputs
    images = samples(run)
    expected = metrics.predict(run.model, images, run.pixels, run.views)
    network = export_formats.Network(run.model, run.views, inputs.mean, inputs.std).eval()
    # A batch of 2, because torch.export treats sizes 0 and 1 as constants.
    example = torch.zeros(2, inputs.channels, inputs.image_size, inputs.image_size, dtype=torch.uint8)
    write, load = export_formats.FORMATS[format]
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # exporters warn of risks that the comparison below checks
            content = write(network, example, metadata(run))
            predict = load(content, network)
            batched, single = predict(images), torch.cat([predict(image) for image in images.split(1)])
    except InputError:
        raise
    except Exception as error:  # exporters raise many types of exception
        reason = str(error).strip().partition("\n")[0].rstrip(".")[:300]
        raise InputError(f"{run.folder} cannot be exported as {format}: {reason}. Try another --format.") from error
    largest = expected.abs().max().item()
    difference = (torch.stack([batched, single]) - expected).abs().max().item()
    if not difference <= TOLERANCE * largest:  # also refuses NaN
        raise InputError(
            f"{run.folder} exported as {format} gives different logits than the run: they differ by {difference:.2g}"
            f" (largest logit: {largest:.2g}). No file was written. Try another --format."
        )
    return Exported(content, len(images), difference, largest)


def metadata(run: "Trained") -> dict[str, Any]:
    """Class names, input format and configuration of the network, as JSON-compatible values."""
    from ablate.evaluation.trained_model import recorded_inputs

    return {
        "classes": list(run.inputs.classes),
        **to_builtins(recorded_inputs(run.inputs)),
        **{key: run.config.data[key] for key in ("resize", "crop_fraction") if key in run.config.data},
        "tta": run.tta,
        "network": {
            name: OmegaConf.to_container(run.config[name], resolve=True)
            for name in ("model", "normalization", "activation")
        },
        "weights_sha256": run.sha256,
        "config_sha256": run.record.config_sha256,
        "code_sha256": run.record.code_sha256,
        "hydra-ablate": provenance.installed("hydra-ablate"),
    }


def samples(run: "Trained") -> "Tensor":
    """Images of the first training batch, from the run's samples.npz: uint8 (N, C, H, W)."""
    import torch

    path, inputs = run.folder / run_samples.FILE, run.inputs
    size = (inputs.channels, inputs.image_size, inputs.image_size)
    try:
        return torch.from_numpy(run_samples.read(run.folder, size))
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise many types of exception on a damaged file
        shape = f"uint8 (N, {', '.join(map(str, size))})"
        raise InputError(f"{path} is missing or damaged. An export is checked on its images, {shape}.") from error
