"""Evaluate finished runs on another test set than their own, condition by condition, and record each use of it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from ablate.evaluation.test_set import check
from ablate.runs import other_test, study_plan, test_log
from ablate.runs.other_test import ConditionResult, OtherTestResult
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, without_home

if TYPE_CHECKING:
    from ablate.data.images import Images
    from ablate.data.test_sets import Condition, Format
    from ablate.evaluation.trained_model import Trained

OWN = "test"  # --on test: the runs' own test set
Steps = Callable[["Sequence[Condition]"], "Iterable[Condition]"]
Results = dict[Path, OtherTestResult]


def load(folders: Sequence[Path], trusted: bool, device: str, data_root: str | None = None) -> "list[Trained]":
    """Load the networks of completed runs. InputError if one cannot be loaded, or their classes differ."""
    from ablate.evaluation import trained_model

    runs = [trained_model.load(folder, trusted, device) for folder in folders]
    for run in runs:
        if run.inputs.classes != runs[0].inputs.classes:
            raise InputError(
                f"{run.folder} has other classes ({first_few(run.inputs.classes)}) than {runs[0].folder}"
                f" ({first_few(runs[0].inputs.classes)}). Test them in separate commands."
            )
        if data_root is not None:
            OmegaConf.update(run.config, "data.root", data_root, force_add=True)
    return runs


def conditions(on: str, corruptions: Sequence[str], classes: tuple[str, ...]) -> "list[Condition]":
    """The conditions of the test set `on`, a path or `OWN`, and of its `corruptions`, if there are any.

    Raises:
        InputError: the test set cannot be used; see `test_sets.find` and `test_sets.corrupted`.
    """
    from ablate.data import test_sets

    if on == OWN:
        return test_sets.own(corruptions)
    known = test_sets.find(Path(on).expanduser(), classes)
    return test_sets.corrupted(known, corruptions) if corruptions else known


def evaluate(
    runs: "Sequence[Trained]", conditions: "Sequence[Condition]", name: str, on: str, look: str, steps: Steps = iter
) -> Results:
    """Evaluate runs on all conditions of a test set, write `test-on/NAME.json` to each, and record the uses.

    Args:
        runs: of `load`.
        conditions: of `conditions`.
        name: of the test set.
        on: as passed.
        look: name of the look that these uses are part of.
        steps: iterates over the conditions; may show a progress bar.

    Returns:
        {run folder: result}

    Raises:
        InputError: images cannot be read, logits are not finite, or the name is that of other images. Nothing is
            recorded then.
    """
    formats: dict[Format, list[Trained]] = {}
    for run in runs:
        formats.setdefault(format_of(run), []).append(run)
    measured: dict[Path, list[ConditionResult]] = {run.folder: [] for run in runs}
    for condition in steps(conditions):
        for wanted, of_format in formats.items():
            images = condition.load(wanted)
            sha256 = images.sha256()
            for run in of_format:
                measured[run.folder].append(_measured(run, condition, images, sha256))
    results = {run.folder: _result(run, measured[run.folder], name, on, look) for run in runs}
    for folder, result in results.items():
        refuse_other_images(folder, result)
    for folder, result in results.items():
        test_log.record_other_use(folder, result)
    return results


def format_of(run: "Trained") -> "Format":
    """The input that the model of a run expects, and the settings of its data."""
    from ablate.data.test_sets import Format

    inputs = run.inputs
    data = OmegaConf.to_yaml(run.config.data, resolve=True)
    return Format(inputs.classes, inputs.channels, inputs.image_size, data)


def _measured(run: "Trained", condition: "Condition", images: "Images", sha256: str) -> ConditionResult:
    """The result of a run on the images of a condition."""
    from ablate.evaluation import metrics, predicted_metrics

    check(run, images)
    logits = metrics.predict(run.model, images.images, run.pixels, run.views)
    if not logits.isfinite().all():
        raise InputError(f"{run.folder}: the network's logits are not finite, so it cannot be tested.")
    correct = int((logits.argmax(1) == images.labels).sum())
    interval = metrics.wilson_interval(correct, len(images))
    assert interval is not None
    return ConditionResult(
        name=condition.name,
        severity=condition.severity,
        images=len(images),
        accuracy_interval=(interval[0], interval[1]),
        calibration_error=metrics.calibration_error(logits, images.labels),
        data_sha256=sha256,
        metrics=predicted_metrics.of_test_images(run.config, images.labels.numpy(), logits.numpy()),
        **metrics.metrics(logits, images.labels),
    )


def _result(run: "Trained", measured: list[ConditionResult], name: str, on: str, look: str) -> OtherTestResult:
    lines = "".join(f"{one.name}/{one.severity} {one.data_sha256}\n" for one in measured)
    return OtherTestResult(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        look=look,
        variant=run.record.variant,
        seed=run.record.seed,
        config_sha256=run.record.config_sha256,
        code_sha256=run.record.code_sha256,
        weights_sha256=run.sha256,
        test_sha256=hashlib.sha256(lines.encode()).hexdigest(),
        name=name,
        source=on if on == OWN else without_home(str(Path(on).expanduser().resolve())),
        own=on == OWN,
        images=sum(one.images for one in measured),
        conditions=measured,
    )


def refuse_other_images(folder: Path, result: OtherTestResult) -> None:
    """Raise InputError if this run, or another one of its study, has a result of this name on other images.

    In a study whose variants have different `data` settings, each variant has its own images.
    """
    study = study_plan.containing(folder)
    others = {folder.resolve()}
    if study is not None:
        plan = study_plan.read(study)
        varies = study_plan.data_varies(plan)
        others |= {study / run.folder for run in plan.runs if not varies or run.variant == result.variant}
    for other in sorted(others):
        earlier = other_test.read(other, result.name)
        if earlier is not None and earlier.test_sha256 != result.test_sha256:
            raise InputError(
                f"{other_test.path_of(other, result.name)} is of other images or corruptions. Pass another name for"
                " this test set with --name, or delete the earlier results."
            )
