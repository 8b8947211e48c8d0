"""`ablate test RUN|STUDY...`: what runs reach on the test set. Nothing else reads test labels; each use is recorded."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from ablate.course import rubric
from ablate.evaluation.test_set import new_look, test
from ablate.runs import run_record, study_plan, test_log
from ablate.runs.test_result import TestResult
from ablate.study.selection import RULE, Choice, choose
from ablate.terminal.errors import InputError

Results = dict[Path, TestResult]


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate test",
        description="Accuracy on the test set: of finished runs, or of a study's choice and its baseline. The choice"
        f" is {RULE}. All seeds of both are tested. Results are written to test.json in each run's folder, figures to"
        " test/ of the best run of each, every use to tests.jsonl of the study (or of a run outside one). One command"
        " is one look at the test set; the study's report states how many there were. Intervals are over test images;"
        " mean and SD over seeds.",
        epilog="Exit status: 0, 2 if something cannot be used; nothing is tested then. --debug adds a traceback.",
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="RUN|STUDY",
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
    parser.add_argument("--data-root", metavar="FOLDER", help="where the images are, if not where the runs had them")
    parser.add_argument(
        "--trust", action="store_true", help="also run code that a run's configuration names and this package has not"
    )
    args = parser.parse_args(words)

    from ablate.analysis.test_results import compare, show  # pandas and matplotlib, for which --help does not wait

    marks = rubric.read(args.rubric)
    choices, folders = to_test(args.folders, args.allow_partial)
    whole = {*args.folders, *(run for choice in choices for run in choice.best.values())}
    results: Results = {}
    look = new_look()
    for folder in folders:
        results[folder] = test(folder, args.trust, marks.judge, args.device, args.data_root, look)
        show(folder, results[folder], folder not in whole)
    for choice in choices:
        compare(choice, results)
    return 0


def to_test(paths: Sequence[Path], allow_partial: bool) -> tuple[list[Choice], list[Path]]:
    """The choice of each study among the paths, and all folders of runs to be tested, each once.

    Raises:
        InputError: a study has nothing to choose, or a run is not completed: before any is tested.
    """
    from ablate.evaluation.trained_model import completed

    choices, folders = [], []
    for path in paths:
        study = study_plan.find(path)
        if (study / study_plan.FILE).exists():
            choices.append(choose(study, allow_partial))
            folders += [run for seeds in choices[-1].runs.values() for run in seeds.values()]
        elif os.path.lexists(path / run_record.FILE):
            folders.append(path)
        else:
            raise InputError(f"{path} is neither a run nor a study: it has no run.json and no study.json.")
    for folder in folders:
        completed(folder)
        test_log.count_uses(folder)
    once: dict[Path, Path] = {}
    for folder in folders:
        once.setdefault(folder.resolve(), folder)
    return choices, list(once.values())
