"""`ablate test RUN|STUDY...`: evaluate runs on the test set, or on other ones, and record each use."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ablate.commands import test_on
from ablate.commands.flags import Parser
from ablate.commands.tested_runs import Chosen, to_test
from ablate.evaluation import compared_maps, rubric
from ablate.evaluation.test_set import Judge, new_look, test
from ablate.runs.study_plan import BASELINE
from ablate.runs.test_result import TestResult
from ablate.study.selection import RULE, Choice
from ablate.terminal.errors import InputError

Results = dict[Path, TestResult]


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    args = parser().parse_args(words)
    if args.on is not None or args.corrupt is not None:
        return test_on.main(args)
    test_on.refuse_name(args.name)
    marks = rubric.read(args.rubric)
    evaluate(to_test(args.folders, args.allow_partial, args.variants == "all"), args, marks.judge)
    return 0


def parser() -> Parser:
    """The flags of the command."""
    flags = Parser(
        "ablate test",
        description="Evaluate runs, or the best variant of a study and its baseline, on the test set. The best variant"
        f" is {RULE}. All seeds of both variants are tested. Results go to test.json in each run folder, figures to"
        " test/ in the best run of each variant. Each command counts as one use of the test set; tests.jsonl records it"
        " and the report states the count. Intervals are over test images; mean and SD are over seeds.",
        epilog="Exit status: 0; 2 if a run or study cannot be read, or an option is invalid.",
    )
    flags.add_argument(
        "folders", nargs="+", type=Path, metavar="RUN|STUDY",
        help="run folder, such as outputs/NAME/baseline/seed=0; or study folder, or its name in outputs/",
    )  # fmt: skip
    flags.add_argument(
        "--on", metavar="DATA",
        help="another test set: a folder with the same class folders (or test/ with them), a folder of such folders,"
        " CIFAR-10.1, CIFAR-10-C; or test, the runs' own, for --corrupt. Results are written to test-on/NAME.json",
    )  # fmt: skip
    flags.add_argument(
        "--corrupt", metavar="NAME[,NAME]",
        help="comma-separated corruptions, or all: gaussian_noise, gaussian_blur, contrast, jpeg_compression (or noise,"
        " blur, jpeg), with severities 1 to 5; without --on, applied to the runs' own test images",
    )  # fmt: skip
    flags.add_argument("--name", help="name of the test set of --on; default: that of its folder")
    flags.add_argument(
        "--variants", choices=("best", "all"), default="best",
        help="of a study: the best variant and the baseline, or all; default: best",
    )  # fmt: skip
    flags.add_argument(
        "--rubric", default="assignment", metavar="NAME|FILE",
        help=f"mark bands of a course: {', '.join(rubric.known())}, or a file like conf/rubric/assignment.yaml;"
        " default: assignment, which applies to CIFAR-10 only",
    )  # fmt: skip
    flags.add_argument(
        "--allow-partial", action="store_true", help="select a variant even if planned runs have no result"
    )
    flags.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: auto, the first available"
    )
    flags.add_argument("--data-root", metavar="FOLDER", help="image folder, if it has moved since the runs")
    flags.add_argument(
        "--trust", action="store_true", help="run code outside this package that a run's configuration names"
    )
    return flags


def evaluate(chosen: Chosen, args: argparse.Namespace, judge: Judge) -> None:
    """Evaluate the runs on their test set, and print and draw the results."""
    from ablate.analysis.on_test_set import comparison, run_results  # pandas, matplotlib: slow

    whole = {*args.folders, *(run for choice in chosen.choices for run in choice.best.values())}
    results: Results = {}
    look = new_look()
    print("\n".join(chosen.holes), end="\n" if chosen.holes else "")
    for folder in chosen.folders:
        results[folder] = test(folder, args.trust, judge, args.device, args.data_root, look)
        run_results.show(folder, results[folder], folder not in whole)
    for choice in chosen.choices:
        comparison.compare(choice, results)
        print(write_maps(choice, args), flush=True)
    if args.variants == "all":
        for study in chosen.studies:
            comparison.show_variants(study)


def write_maps(choice: Choice, args: argparse.Namespace) -> str:
    """Compute and draw the class activation maps of a study's baseline and its best other variant.

    They are of the seed on which that variant is best, among the seeds that both have.

    Returns:
        A sentence: where they are, or why there are none.
    """
    baseline = choice.runs.get(BASELINE, {})
    shared = [seed for seed in choice.other if seed in baseline]
    if not shared:
        return "No class activation maps: no other variant has completed on the seeds of the baseline."
    seed = max(shared, key=lambda one: choice.metric.sign * choice.validation[choice.other[one]])
    pair = (baseline[seed], choice.other[seed])
    try:
        reason = compared_maps.write_maps(choice.study, pair, args.trust, args.device, args.data_root)
    except (RuntimeError, InputError) as error:  # the test itself is complete; a network may have no gradients
        return f"No class activation maps: {error}"
    if reason:
        return reason
    from ablate.analysis.on_test_set.run_results import write_maps

    return f"Class activation maps of {pair[0]} and {pair[1]}: {write_maps(choice.study)}"
