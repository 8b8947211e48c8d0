"""`ablate export RUN`: a finished run's network in a format that other programs read."""

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from ablate.files import atomic, bounded
from ablate.runs import provenance
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.evaluation.trained_model import Trained

FILES = {"onnx": "model.onnx", "torchscript": "model.ts", "pt2": "model.pt2", "safetensors": "model.safetensors"}
TOLERANCE = 1e-4  # of the largest logit; float32 sums in another order differ by a hundredth of it
SAMPLES = 64 * bounded.MIB
HELP = """\
onnx         images go in as they are decoded: `images`, uint8 (N, channels, size, size), 0 to 255; out come `logits`
             (N, classes). The scaling of pixels by mean and std is part of the network. Resizing is not: it is done
             with Pillow's bilinear filter here, and does not keep the aspect ratio.
torchscript  the same, for C++ and older PyTorch; PyTorch 2.13 still writes it, but deprecates it for pt2
pt2          the same, from torch.export: torch.export.load("model.pt2").module()
safetensors  the weights alone, by the names of the model's state_dict: what goes in is (pixels / 255 - mean) / std

Each file also holds the names of the classes, size, channels, mean and std, and the configuration of the network: in
ONNX and safetensors as metadata, in the other two as the extra file metadata.json. It is read again and run on the
images of the run's samples.npz, together and one alone, before it takes its name: logits that differ from the run's own
by more than 1e-4 of the largest are refused."""


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate export",
        description="A finished run's network in a format that other programs read.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument("--format", choices=FILES, required=True)
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="file or folder; default: RUN/model.onnx, .ts, .pt2, .safetensors"
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    parser.add_argument(
        "--trust", action="store_true", help="also run code that a run's configuration names and this package has not"
    )
    args = parser.parse_args(words)
    path = target(args.run, args.format, args.output)
    if path.exists() and not args.force:
        raise InputError(f"{path} is there already. Say --force to replace it, or --output PATH for another place.")
    if args.output and not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist. Make it, or give another --output.")
    if path.parent.is_dir():  # else there is no run, which is said of it
        atomic.check_writable(path.parent)

    from rich.console import Console

    from ablate.evaluation import trained_model

    with Console(stderr=True).status(f"Writing {path.name} and checking it"):  # on a terminal; it may take a minute
        exported = export(trained_model.load(args.run, args.trust), args.format)
    atomic.write_bytes(path, exported.content)
    print(
        f"{path}: on {exported.images} images its logits differ from the run's own by at most"
        f" {exported.difference:.1e}, where the largest is {exported.largest:.2g}."
    )
    return 0


def target(run: Path, form: str, output: Path | None) -> Path:
    """The file to write: `output`, or in that folder, or in the run's. InputError if there is no such format."""
    if form not in FILES:
        raise InputError(f"{form!r} is no format to export to; there are {', '.join(FILES)}.")
    if output is None or output.is_dir():
        return (output or run) / FILES[form]
    return output


@dataclass(frozen=True)
class Exported:
    """The content of a file; and on how many images its logits were compared, how far they are from the run's own."""

    content: bytes
    images: int
    difference: float
    largest: float


def export(run: "Trained", form: str) -> Exported:
    """The network of a run as one of `exchange.FORMATS`, read again and compared with the run's own logits.

    Raises:
        InputError: a package is missing; the network cannot be written so, or gives other logits then; or the run has
            no samples.npz of its own images to see it by.
    """
    import torch

    from ablate.commands import export_formats
    from ablate.evaluation import metrics

    inputs = run.inputs
    images = samples(run)
    expected = metrics.predict(run.model, images, run.pixels, run.views)
    network = export_formats.Network(run.model, run.views, inputs.mean, inputs.std).eval()
    # PyTorch takes 0 and 1 for constants.
    example = torch.zeros(2, inputs.channels, inputs.image_size, inputs.image_size, dtype=torch.uint8)
    write, read = export_formats.FORMATS[form]
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of deprecations, and of what a trace may miss: the logits are compared
            content = write(network, example, metadata(run))
            logits = read(content, network)
            together, alone = logits(images), torch.cat([logits(image) for image in images.split(1)])
    except InputError:
        raise
    except Exception as error:  # exporters raise nearly every kind on a network they do not know
        first = str(error).strip().partition("\n")[0].rstrip(".")[:300]
        raise InputError(f"{run.folder} cannot be exported as {form}: {first}. Another --format may do.") from error
    largest, difference = expected.abs().max().item(), (torch.stack([together, alone]) - expected).abs().max().item()
    if not difference <= TOLERANCE * largest:  # a NaN is no agreement
        raise InputError(
            f"{run.folder} as {form} gives logits that differ from the run's own by {difference:.2g}, where the largest"
            f" is {largest:.2g}. Nothing was written; another --format may do."
        )
    return Exported(content, len(images), difference, largest)


def metadata(run: "Trained") -> dict[str, Any]:
    """What a user of the file needs to know, as plain values."""
    inputs = run.inputs.as_record()
    return {
        "classes": inputs["classes"],
        **inputs["inputs"],
        "tta": run.tta,
        "network": {
            name: OmegaConf.to_container(run.config[name], resolve=True)
            for name in ("model", "normalization", "activation")
        },
        "weights_sha256": run.sha256,  # of the run's model.pt
        "config_sha256": run.record.config_sha256,
        "code_sha256": run.record.code_sha256,
        "hydra-ablate": provenance.installed("hydra-ablate"),
    }


def samples(run: "Trained") -> "Tensor":
    """Images that the run trained on, uint8 (N, C, H, W)."""
    import torch

    path, inputs = run.folder / "samples.npz", run.inputs
    try:
        images = bounded.arrays(path, ["images"], SAMPLES)["images"]
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise nearly every kind on a damaged file
        raise InputError(f"{path}, by whose images an export is checked, is missing or damaged.") from error
    size = (inputs.channels, inputs.image_size, inputs.image_size)
    if images.dtype != "uint8" or images.shape[1:] != size or not len(images):
        raise InputError(f"{path} does not hold images of this run: it has {images.dtype} {images.shape}.")
    return torch.from_numpy(images)
