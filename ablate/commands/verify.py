"""`ablate verify RUN`: check the files of a run, or of an unpacked submission, and measure its accuracy again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from ablate.commands.flags import Parser
from ablate.runs import damage, predictions, test_result
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

if TYPE_CHECKING:
    from ablate.data.images import Images
    from ablate.evaluation.trained_model import Trained

TOLERANCE = 0.001  # a fraction: other hardware rounds differently, and may classify an image or two differently


@dataclass(frozen=True)
class Verified:
    """An accuracy (fraction): `recorded` in run.json, and `measured` with its weights on `images` images."""

    part: str
    recorded: float
    measured: float
    images: int

    @property
    def holds(self) -> bool:
        """True if the two differ by at most `TOLERANCE` or one image."""
        return abs(self.measured - self.recorded) <= max(TOLERANCE, 1 / self.images) + 1e-9

    def __str__(self) -> str:
        text = f"{self.part} accuracy {100 * self.measured:.2f} % of {plural(self.images, 'image')}"
        if not self.holds:
            return f"{text}, differs from the recorded {100 * self.recorded:.2f} %"
        equal = abs(self.measured - self.recorded) < 0.5 / self.images
        return (
            f"{text}, as recorded" if equal else f"{text}, within tolerance of the recorded {100 * self.recorded:.2f} %"
        )


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate verify",
        description="Check that the files of a run, or of an unpacked submission, are intact, and that its weights have"
        " the recorded accuracy.",
        epilog=f"Accuracies may differ by {100 * TOLERANCE:g} percentage points, or by one image, since hardware rounds"
        " differently. Exit status: 0; 1 if an accuracy differs by more; 2 if a file is damaged.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, or the folder of an unpacked submission")
    parser.add_argument("--data-root", metavar="FOLDER", help="image folder, if it has moved since the run")
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that the run's configuration names"
    )
    args = parser.parse_args(words)
    accuracies = verify(args.run, args.data_root, args.trust)
    print(*accuracies, sep="\n")
    return 0 if all(accuracy.holds for accuracy in accuracies) else 1


def verify(folder: Path, data_root: str | None = None, trusted: bool = False) -> list[Verified]:
    """Measure the validation accuracy of a completed run, and its test accuracy if it is recorded.

    Raises:
        InputError: a file of the run is damaged, or its images are unavailable or have changed.
    """
    import numpy as np

    from ablate.data.prepare import load_test, prepare
    from ablate.evaluation import trained_model
    from ablate.evaluation.test_set import check

    record = trained_model.completed(folder)
    recorded = record.val_accuracy
    if recorded is None or math.isnan(recorded) or not 0 <= recorded <= 1:
        raise InputError(f"{folder}/run.json records no validation accuracy: there is nothing to verify.")
    problems = damage.damaged(folder, record, trusted)
    try:
        run = trained_model.load(folder, trusted, "auto")
    except InputError as error:
        problems.append(str(error))
    if problems:
        raise InputError("\n".join(dict.fromkeys(problems)))  # a damaged configuration is named by both
    if data_root is not None:
        OmegaConf.update(run.config, "data.root", data_root, force_add=True)
    tested = test_result.read(folder)
    data = prepare(run.config.data)
    if record.data_sha256 not in (None, data.sha256):
        raise InputError(f"The images are not those that {folder} was trained on. Pass their folder with --data-root.")
    precision = record.environment.precision if record.environment else None
    images = data.val
    if record.images and record.images.selection:  # the others selected the epoch
        if (reporting := predictions.read(folder).positions) is None:
            raise InputError(f"{folder}/{predictions.FILE} lacks the positions of the images. Retrain the run.")
        images = data.val.subset(np.flatnonzero(np.isin(data.val_index, reporting)))
    accuracies = [_verified("validation", recorded, run, images, precision)]
    if tested:
        test_images = load_test(run.config.data)
        check(run, test_images)
        accuracies.append(_verified("test", tested.accuracy, run, test_images, "fp32"))  # as `ablate test` does
    return accuracies


def _verified(part: str, recorded: float, run: "Trained", images: "Images", precision: str | None) -> Verified:
    """Measure the accuracy of the weights on `images`, with the given precision."""
    from ablate.backend.hardware import autocast, pick_device
    from ablate.evaluation import metrics
    from ablate.terminal import progress

    steps = partial(progress.track, title=f"{part} images", lines=True)
    with autocast(precision, pick_device("auto").type)():
        logits = metrics.predict(run.model, images.images, run.pixels, run.views, steps)
    return Verified(part, recorded, metrics.metrics(logits, images.labels)["accuracy"], len(images))
