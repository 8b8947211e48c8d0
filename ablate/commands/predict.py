"""`ablate predict RUN IMAGE...`: classify images with a trained run."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.commands.flags import Parser
from ablate.commands.predict_formats import FORMATS, Prediction
from ablate.data.aspect import decode_center
from ablate.data.decode import decode
from ablate.data.image_files import find, listed
from ablate.data.parallel import attempts
from ablate.evaluation import tta
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural, printable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from ablate.evaluation.trained_model import Trained

BATCH_SIZE = 64
HELP = """\
Images are rotated as their EXIF data specify, resized and normalized like the validation images of the run. Folders are
searched recursively for files with the suffix of an image format.

Exit status: 0; 1 if some files could not be classified; 2 if none could, for example because a path does not exist.
These files are named with the reason on stderr, and in the field `error` of CSV and JSON.

test-time augmentation (--tta): averages the logits of several views of an image. flip: the image and its mirror image.
shift: the image, and the image moved by 1/16 of its size up, down, left and right. flip_shift: both."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate predict",
        description="Classify images with a trained run.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="image file, folder, or - to read paths from standard input"
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    parser.add_argument("--top", type=int, default=1, metavar="K", help="print the K most probable classes; default: 1")
    parser.add_argument(
        "--tta", choices=tta.OPTIONS, help="test-time augmentation; default: as in the validation of the run"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: auto, the first available"
    )
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that the run's configuration names"
    )
    args = parser.parse_args(arguments)
    if args.top < 1:
        parser.error(f"argument --top: {args.top} is less than 1")
    images = find(listed(args.images))

    from ablate.evaluation import trained_model  # imports PyTorch, which takes a while

    run = trained_model.load(args.run, args.trust, args.device)
    top = min(args.top, len(run.inputs.classes))
    views = tta.OPTIONS[args.tta] if args.tta else run.views
    failed: list[str] = []
    FORMATS[args.format](
        report_failures(predict(run, images, views, top), len(images), failed), run.inputs.classes, top
    )
    if failed:
        print(f"{len(failed):,} of {plural(len(images), 'file')} could not be classified.", file=sys.stderr)
    return 2 if len(failed) == len(images) else 1 if failed else 0


def predict(run: "Trained", images: list[str], views: tta.Views, top: int) -> Iterator[list[Prediction]]:
    """Predict the classes of image files, in batches.

    Args:
        run: a loaded run.
        images: paths of image files.
        views: test-time augmentation, whose logits are averaged.
        top: number of classes per image.

    Yields:
        The predictions of up to `BATCH_SIZE` images, in the order of `images`.

    Raises:
        InputError: the network has a number of channels that image files do not have.
    """
    import numpy as np
    import torch

    inputs: Any = run.inputs
    if inputs.channels not in (1, 3):
        raise InputError(f"{run.folder} expects images with {inputs.channels} channels, but image files have 1 or 3.")
    read = as_in_validation(run)
    decoded = zip(images, attempts(read, images), strict=True)
    while batch := list(islice(decoded, BATCH_SIZE)):
        pixels = [result[0] for _, (result, error) in batch if not error]
        outputs = iter(probabilities(run, torch.from_numpy(np.stack(pixels)), views) if pixels else ())
        yield [
            Prediction(image, error=error) if error else _ranked(image, next(outputs), inputs.classes, top)
            for image, (_, error) in batch
        ]


def as_in_validation(run: "Trained") -> Callable[[str], tuple["np.ndarray", str]]:
    """The function that decodes an image file as in the validation of the run: pixels uint8 (C, H, W), and a hash."""
    data: Any = run.config.data
    inputs: Any = run.inputs
    if data.get("resize") == "shorter":
        return partial(decode_center, image_size=inputs.image_size, crop_fraction=data.crop_fraction)
    return partial(decode, image_size=inputs.image_size, channels=inputs.channels)


def predict_pixels(run: "Trained", images: Any, views: tta.Views, top: int) -> Iterator[list[Prediction]]:
    """Predict the classes of decoded images, in batches. Arguments as for `predict`, except:

    Args:
        images: array or tensor, uint8 (N, C, H, W), of the size of the training images. In the predictions, `image` is
            the index.

    Raises:
        InputError: the array has another dtype or shape.
    """
    import numpy as np
    import torch

    inputs = run.inputs
    pixels = images if isinstance(images, torch.Tensor) else np.asarray(images)
    dtype, shape = str(pixels.dtype).removeprefix("torch."), (inputs.channels, inputs.image_size, inputs.image_size)
    if dtype != "uint8" or tuple(pixels.shape[1:]) != shape:
        raise InputError(
            f"{run.folder} expects an array of images uint8 (N, {', '.join(map(str, shape))}),"
            f" not {dtype} {tuple(pixels.shape)}."
        )
    for start in range(0, len(pixels), BATCH_SIZE):
        batch = pixels[start : start + BATCH_SIZE]
        if not isinstance(batch, torch.Tensor):  # which cannot have the negative strides of `images[:, ::-1]`
            batch = torch.from_numpy(np.ascontiguousarray(batch))
        outputs = probabilities(run, batch, views)
        yield [_ranked(str(index), output, inputs.classes, top) for index, output in enumerate(outputs, start)]


def probabilities(run: "Trained", images: "Tensor", views: tta.Views) -> "Tensor":
    """Class probabilities (N, classes), float64 on the CPU, of images uint8 (N, C, H, W)."""
    import torch

    with torch.no_grad():
        return tta.logits(run.model, run.pixels(images), views).cpu().double().softmax(1)


def _ranked(image: str, probabilities: "Tensor", classes: tuple[str, ...], top: int) -> Prediction:
    if not probabilities.isfinite().all():
        return Prediction(image, error="the output of the network is not finite")
    values, order = probabilities.topk(top)
    return Prediction(image, tuple(classes[label] for label in order.tolist()), tuple(values.tolist()))


def report_failures(batches: Iterable[list[Prediction]], total: int, failed: list[str]) -> Iterator[list[Prediction]]:
    """Iterate over batches of predictions behind a progress bar; print each failure on stderr.

    Args:
        batches: the predictions, passed on unchanged.
        total: number of images.
        failed: the paths of images without a prediction are appended to it.
    """
    from rich.progress import Progress

    from ablate.terminal.console import Console

    console = Console(stderr=True)
    # On a terminal, the printed predictions show the progress.
    with Progress(console=console, transient=True, disable=sys.stdout.isatty() or not console.is_terminal) as progress:
        task = progress.add_task("Predicting", total=total)
        for batch in batches:
            for prediction in batch:
                if prediction.error:
                    failed.append(prediction.image)
                    console.print(
                        printable(f"{prediction.image}: {prediction.error.rstrip('.')}."),
                        soft_wrap=True,
                    )
            yield batch
            progress.advance(task, len(batch))
