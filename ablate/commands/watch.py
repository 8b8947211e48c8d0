"""`ablate watch STUDY`: a study while it runs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ablate.runs import study_plan
from ablate.study.snapshot import FolderView
from ablate.study.watch import watch


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate watch",
        description="Curves, time left and failures of a study while it runs. Ends with its last run, or with q.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of a study or of a run, or a study's NAME")
    parser.add_argument("--every", type=seconds, default=1.0, metavar="SECONDS", help="between two looks (1)")
    parser.add_argument("--once", action="store_true", help="one view, as it is printed where there is no terminal")
    args = parser.parse_args(words)
    watch(FolderView(study_plan.find(args.study)), args.every, args.once)
    return 0


def seconds(text: str) -> float:
    """A time between two looks."""
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value
