"""`ablate predict RUN IMAGE...`: the class of images, as a finished run tells it."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.commands.predict_formats import FORMATS, Prediction
from ablate.data.decode import decode
from ablate.data.image_files import find, listed
from ablate.data.parallel import attempts
from ablate.evaluation import tta
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.evaluation.trained_model import Trained

BATCH = 64  # images that are in memory at once, beside those that wait to be
HELP = """\
Each image is made upright, resized and scaled as the run's training images were. Of a folder, the files whose names
end as those of images do are taken, in folders below it too.

exit status: 0, or 1 if some files could not be read as images. Each of these is named on stderr, and in `error` of CSV
and JSON; the others are predicted all the same. 2 if nothing is predicted, as when a path does not exist, or when none
of the files is an image.

test-time augmentation (--tta) averages the logits of several views of an image: flip takes it and its mirror image;
shift also moves it by a sixteenth up, down, left and right; flip_shift does both."""


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate predict",
        description="The class of images, as a finished run tells it.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="image file, folder, or - for a list of these on standard input"
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    parser.add_argument("--top", type=int, default=1, metavar="K", help="the K most probable classes; default: 1")
    parser.add_argument(
        "--tta", choices=tta.OPTIONS, help="test-time augmentation, see below; default: trainer.tta of the run"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: auto")
    parser.add_argument(
        "--trust", action="store_true", help="also run code that a run's configuration names and this package has not"
    )
    args = parser.parse_args(words)
    if args.top < 1:
        parser.error(f"argument --top: {args.top} is less than 1")
    images = find(listed(args.images))

    from ablate.evaluation import trained_model  # only now: PyTorch takes a second

    run = trained_model.load(args.run, args.trust, args.device)
    top = min(args.top, len(run.inputs.classes))
    views = tta.OPTIONS[args.tta] if args.tta else run.views
    failed: list[str] = []
    FORMATS[args.format](
        reporting_failures(predict(run, images, views, top), len(images), failed), run.inputs.classes, top
    )
    if failed:
        print(f"{len(failed)} of {len(images)} files cannot be read as images.", file=sys.stderr)
    return 2 if len(failed) == len(images) else 1 if failed else 0


def predict(run: "Trained", images: list[str], views: tta.Views, top: int) -> Iterator[list[Prediction]]:
    """The `top` classes of each image file, in order, in blocks; the logits of the `views` of an image are averaged.

    Raises:
        InputError: the run's network takes images that no file holds.
    """
    import numpy as np
    import torch

    inputs: Any = run.inputs
    if inputs.channels not in (1, 3):
        raise InputError(
            f"{run.folder} was trained on images of {inputs.channels} channels; those of files have 1 or 3."
        )
    read = partial(decode, image_size=inputs.image_size, channels=inputs.channels)
    tried = zip(images, attempts(read, images), strict=True)
    while block := list(islice(tried, BATCH)):
        whole = [decoded[0] for _, (decoded, reason) in block if not reason]
        shares = iter(probabilities(run, torch.from_numpy(np.stack(whole)), views) if whole else ())
        yield [
            Prediction(image, error=reason) if reason else _ranked(image, next(shares), inputs.classes, top)
            for image, (_, reason) in block
        ]


def predict_pixels(run: "Trained", images: Any, views: tta.Views, top: int) -> Iterator[list[Prediction]]:
    """The same of images that are decoded: an array uint8 (N, C, H, W) of the run's size; each is named by its place.

    Raises:
        InputError: the array is of another type or shape.
    """
    import numpy as np
    import torch

    inputs = run.inputs
    pixels = images if isinstance(images, torch.Tensor) else np.asarray(images)
    kind, needed = str(pixels.dtype).removeprefix("torch."), (inputs.channels, inputs.image_size, inputs.image_size)
    if kind != "uint8" or tuple(pixels.shape[1:]) != needed:
        raise InputError(
            f"{run.folder} takes images of {inputs.channels} channels and {inputs.image_size}x{inputs.image_size}"
            f" pixels: an array uint8 (N, {', '.join(map(str, needed))}), not {kind} {tuple(pixels.shape)}."
        )
    for start in range(0, len(pixels), BATCH):
        shares = probabilities(run, torch.as_tensor(pixels[start : start + BATCH]), views)
        yield [_ranked(str(start + place), share, inputs.classes, top) for place, share in enumerate(shares)]


def probabilities(run: "Trained", images: "Tensor", views: tta.Views) -> "Tensor":
    """Of each class, (N, classes), float64 on the CPU, for uint8 images (N, C, H, W) by their views."""
    import torch

    with torch.no_grad():
        return tta.logits(run.model, run.pixels(images), views).cpu().double().softmax(1)


def _ranked(image: str, shares: "Tensor", classes: tuple[str, ...], top: int) -> Prediction:
    if not shares.isfinite().all():
        return Prediction(image, error="the network's output for it is not a finite number")
    values, order = shares.topk(top)
    return Prediction(image, tuple(classes[label] for label in order.tolist()), tuple(values.tolist()))


def reporting_failures(blocks: Iterable[list[Prediction]], total: int, failed: list[str]) -> Iterator[list[Prediction]]:
    """The blocks as they are; on the way, failures are named on stderr and kept, behind a progress bar."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # On a terminal the predictions themselves show how far it is.
    with Progress(console=console, transient=True, disable=sys.stdout.isatty() or not console.is_terminal) as progress:
        task = progress.add_task("Predicting", total=total)
        for block in blocks:
            for prediction in block:
                if prediction.error:
                    failed.append(prediction.image)
                    console.print(
                        printable(f"{prediction.image}: {prediction.error.rstrip('.')}."),
                        markup=False,
                        highlight=False,
                        soft_wrap=True,
                    )
            yield block
            progress.advance(task, len(block))
