"""Evaluate a finished run on the test set, and record each use of it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from omegaconf import OmegaConf

from ablate.runs import misclassified, test_log
from ablate.runs.test_result import Mark, Mistake, TestResult
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.data.images import Images
    from ablate.evaluation.trained_model import Trained

# (accuracy, its interval, classes, `data._target_`) -> a mark
Judge = Callable[[float, Sequence[float], Sequence[str], str], Mark | None]


def new_look() -> str:
    """Return a new name for a look at the test set, which may include several runs."""
    return uuid4().hex[:16]


def test(
    folder: Path,
    trusted: bool = False,
    judge: Judge | None = None,
    device: str = "cpu",
    data_root: str | None = None,
    look: str | None = None,
) -> TestResult:
    """Evaluate a run on the test set, write the result to `test.json`, and record the use.

    Args:
        folder: run folder.
        trusted: allow code outside this package that the configuration names.
        judge: returns the mark of an accuracy.
        device: as `trainer.device`.
        data_root: image folder, if it has moved since the run.
        look: name of the look that this use is part of; by default a new one.

    Raises:
        InputError: the run is not completed; its data has no test set, or other classes; its weights do not fit its
            configuration, or its logits are not finite; its configuration names code outside this package and is not
            `trusted`; or an earlier test.json is damaged.
    """

    from ablate.data.prepare import load_test
    from ablate.evaluation import metrics, trained_model
    from ablate.terminal import progress

    test_log.count_uses(folder)
    run = trained_model.load(folder, trusted, device)
    if data_root is not None:
        OmegaConf.update(run.config, "data.root", data_root, force_add=True)
    images = load_test(run.config.data)
    check(run, images)
    bar = partial(progress.track, title=f"testing {folder.name}", lines=True)
    logits = metrics.predict(run.model, images.images, run.pixels, run.views, bar)
    if not logits.isfinite().all():
        raise InputError(f"{folder}: the network's logits are not finite, so it cannot be tested.")
    return record_use(run, images, logits, judge, look or new_look())


def check(run: "Trained", images: "Images") -> None:
    """Raise InputError unless the test images have the shape and the classes of the training images."""
    inputs, shape = run.inputs, tuple(images.images.shape[1:])
    if images.classes != inputs.classes:
        raise InputError(
            f"{run.folder} has {len(inputs.classes)} classes ({first_few(inputs.classes)}), but the test set has"
            f" {len(images.classes)} ({first_few(images.classes)}): the data set has changed since the run."
        )
    if shape != (inputs.channels, inputs.image_size, inputs.image_size):
        raise InputError(
            f"The model of {run.folder} expects images of {plural(inputs.channels, 'channel')} and"
            f" {inputs.image_size} pixels, but those of the test set are {shape}: the data set has changed since"
            " the run."
        )


def record_use(run: "Trained", images: "Images", logits: "Tensor", judge: Judge | None, look: str) -> TestResult:
    """Compute the test result of a run from its logits, record the use of the test set, and return the result."""
    from ablate.data.images import shrunk
    from ablate.evaluation import metrics, predicted_metrics

    summary = metrics.summary(logits, images.labels, images.classes)
    source = str(run.config.data.get("_target_"))
    worst = [Mistake(**mistake) for mistake in metrics.confident_errors(logits, images.labels, misclassified.COUNT)]
    result = TestResult(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        look=look,
        variant=run.record.variant,
        seed=run.record.seed,
        config_sha256=run.record.config_sha256,
        code_sha256=run.record.code_sha256,
        weights_sha256=run.sha256,
        test_sha256=images.sha256(),
        uses=1,
        **summary,
        mistakes=worst,
        mark=judge(summary["accuracy"], summary["accuracy_interval"], images.classes, source) if judge else None,
        metrics=predicted_metrics.of_test_images(run.config, images.labels.numpy(), logits.numpy()),
    )
    result = test_log.record_use(run.folder, result)
    index = [mistake.index for mistake in worst]
    misclassified.write(run.folder, shrunk(images.images[index], misclassified.SIDE).numpy(), index)
    return result
