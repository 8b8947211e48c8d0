"""`ablate test RUN|STUDY...`: evaluate runs on the test set, and record each use of it."""

import os
from collections.abc import Sequence
from pathlib import Path

from ablate.commands.flags import Parser
from ablate.course import rubric
from ablate.evaluation.test_set import new_look, test
from ablate.runs import run_record, study_plan, test_log
from ablate.runs.test_result import TestResult
from ablate.study.selection import RULE, Choice, choose
from ablate.terminal.errors import InputError

Results = dict[Path, TestResult]


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate test",
        description="Evaluate runs, or the best variant of a study and its baseline, on the test set. The best variant"
        f" is {RULE}. All seeds of both variants are tested. Results are written to test.json in each run folder,"
        " figures to test/ in the folder of the best run of each variant. Every use of the test set is recorded in"
        " tests.jsonl in the folder of the study, or of a run outside one. Each command counts as one look at the test"
        " set; the report of the study states the count. Intervals are over test images; mean and SD are over seeds.",
        epilog="Exit status: 0; 2 if a run or study cannot be read, or an option is invalid. --debug adds a traceback.",
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="RUN|STUDY",
        help="run folder, such as outputs/NAME/baseline/seed=0; or study folder, or its name in outputs/",
    )  # fmt: skip
    parser.add_argument(
        "--rubric", default="assignment", metavar="NAME|FILE",
        help=f"mark bands of a course: {', '.join(rubric.known())}, or a file like conf/rubric/assignment.yaml;"
        " assignment is for CIFAR-10 only",
    )  # fmt: skip
    parser.add_argument(
        "--allow-partial", action="store_true", help="select a variant even if planned runs have no result"
    )
    parser.add_argument(
        "--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="default: the first available"
    )
    parser.add_argument("--data-root", metavar="FOLDER", help="image folder, if it has moved since the runs")
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that a run's configuration names"
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
    """Return the selected variant of each study among the paths, and the run folders to test, without duplicates.

    Raises:
        InputError: no variant of a study can be selected, or a run is not completed. No run has been tested then.
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
