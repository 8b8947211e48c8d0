"""`ablate test RUN|STUDY...`: what runs reach on the test set. Nothing else reads test labels; each use is recorded."""

import argparse
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import atomic, record, rubric, uses
from ablate.errors import InputError
from ablate.study.choice import RULE, Choice, choose

if TYPE_CHECKING:
    from torch import Tensor

    from ablate.data.images import Images
    from ablate.trained import Trained

PICTURES = "test_mistakes.npz"
MISTAKES = 25  # that are kept with their images
LARGEST = 128  # height and width of a kept image, in pixels
Results = dict[Path, dict[str, Any]]


def main(
    words: Sequence[str], show: Callable[[Path, dict[str, Any], bool], None], compare: Callable[[Choice, Results], None]
) -> int:
    """The verb's command line. `show` tells of a run, in brief or not, `compare` of a study's choice and baseline."""
    parser = argparse.ArgumentParser(
        "ablate test",
        description="Accuracy on the test set: of finished runs, or of a study's choice and its baseline. The choice"
        f" is {RULE}. All seeds of both are tested. Results are written to test.json in each run's folder, figures to"
        " test/ of the best run of each, every use to tests.jsonl of the study (or of a run outside one); the study's"
        " report says how often. Intervals are over test images; mean and SD over seeds.",
        epilog="Exit status: 0, 2 if something cannot be used; nothing is tested then. --debug adds a traceback.",
    )
    parser.add_argument(
        "given", nargs="+", type=Path, metavar="RUN|STUDY",
        help="folder of a run, such as outputs/NAME/baseline/seed=0; or of a study, such as outputs/NAME, or its NAME",
    )  # fmt: skip
    parser.add_argument(
        "--rubric", default="assignment", metavar="NAME|FILE",
        help=f"the mark bands of a course: {', '.join(rubric.known())}, or a file like conf/rubric/assignment.yaml",
    )  # fmt: skip
    parser.add_argument("--allow-partial", action="store_true", help="choose though planned runs are incomplete")
    parser.add_argument(
        "--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="the default is the first there is"
    )
    parser.add_argument(
        "--trust", action="store_true", help="also run code that a run's configuration names and this package has not"
    )
    given = parser.parse_args(words)
    marks = rubric.read(given.rubric)
    choices, folders = asked_for(given.given, given.allow_partial)
    whole = {*given.given, *(run for choice in choices for run in choice.best.values())}
    results: Results = {}
    for folder in folders:
        results[folder] = test(folder, given.trust, marks, given.device)
        show(folder, results[folder], folder not in whole)
    for choice in choices:
        compare(choice, results)
    return 0


def asked_for(given: Sequence[Path], allow_partial: bool) -> tuple[list[Choice], list[Path]]:
    """What is chosen of the studies among `given`, and all folders of runs to be tested, each once.

    Raises:
        InputError: a study has nothing to choose, or a run is not completed: before any is tested.
    """
    from ablate.trained import completed

    choices, folders = [], []
    for path in given:
        study = record.find_study(path)
        if (study / "study.json").exists():
            choices.append(choose(study, allow_partial))
            folders += [run for seeds in choices[-1].runs.values() for run in seeds.values()]
        elif os.path.lexists(path / "run.json"):
            folders.append(path)
        else:
            raise InputError(f"{path} is neither a run nor a study: it has no run.json and no study.json.")
    for folder in folders:
        completed(folder)
        uses.earlier(folder)
    once: dict[Path, Path] = {}
    for folder in folders:
        once.setdefault(folder.resolve(), folder)
    return choices, list(once.values())


def test(
    folder: Path, trusted: bool = False, marks: rubric.Rubric | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Evaluate a run's weights on the test set of its data; the result is written to `test.json`, its use recorded.

    It has accuracy and loss, Wilson's 95 % intervals, accuracy by class, calibration, confusion, the surest mistakes,
    the mark by the rubric `marks`, and how often the run was tested by now (`uses`).

    Raises:
        InputError: the folder is not that of a completed run, or its data has no test set or other classes; its weights
            do not fit its configuration, or give no numbers; its configuration names what is not of this package, and
            is not `trusted`; or an earlier test.json is damaged.
    """

    from ablate import evaluate, progress, trained
    from ablate.data.prepare import load_test

    uses.earlier(folder)
    run = trained.load(folder, trusted, device)
    images = load_test(run.config.data)
    check(run, images)
    bar = progress.bar(f"testing {folder.name}", progress.Terminal())
    logits = evaluate.predict(run.model, images.images, run.pixels, run.views, bar)
    if not logits.isfinite().all():
        raise InputError(f"{folder}: the run's network gives numbers that are not finite; it has learned nothing.")
    return record_use(run, images, logits, marks or rubric.read("none"))


def check(run: "Trained", images: "Images") -> None:
    """Refuse test images that are not of the kind and classes which the run was trained on."""
    inputs, shape = run.inputs, tuple(images.images.shape[1:])
    if images.classes != inputs.classes:
        raise InputError(
            f"{run.folder} tells apart {len(inputs.classes)} classes ({_some(inputs.classes)}), but the test set has"
            f" {len(images.classes)} ({_some(images.classes)}): its data have changed since it was trained."
        )
    if shape != (inputs.channels, inputs.image_size, inputs.image_size):
        raise InputError(
            f"{run.folder} takes images of {inputs.channels} channels and {inputs.image_size} pixels, but those of the"
            f" test set are {shape}: its data have changed since it was trained."
        )


def record_use(run: "Trained", images: "Images", logits: "Tensor", marks: rubric.Rubric) -> dict[str, Any]:
    """What the logits of a run say of the test images, after that it is written down that they were used."""
    from ablate import evaluate

    found = evaluate.summary(logits, images.labels, images.classes)
    worst = evaluate.mistakes(logits, images.labels, MISTAKES)
    use = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **{key: run.run.get(key) for key in ("variant", "seed", "config_sha256", "code_sha256")},
        "weights_sha256": run.sha256,
        "test_sha256": images.sha256(),
    }
    mark = marks.judge(found["accuracy"], found["accuracy_interval"])
    result = uses.keep(run.folder, use, {**use, **found, "mistakes": worst, "mark": mark})
    pictures(run.folder / PICTURES, images, [mistake["index"] for mistake in worst])
    return result


def pictures(path: Path, images: "Images", index: list[int]) -> None:
    """Write the images at `index`, uint8 (N, C, H, W) of at most `LARGEST` pixels a side, for a figure."""
    import io

    import numpy as np
    from torch.nn.functional import interpolate

    chosen = images.images[index]
    if chosen.shape[2] > LARGEST:
        chosen = interpolate(chosen.float(), size=LARGEST, mode="area").round().byte()
    np.savez_compressed(content := io.BytesIO(), images=chosen.numpy(), index=np.array(index, dtype=np.int64))
    atomic.write_bytes(path, content.getvalue())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
