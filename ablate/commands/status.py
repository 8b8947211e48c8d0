"""`ablate status STUDY`: how far a study is."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ablate.runs import study_plan
from ablate.study.status_table import table


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser("ablate status", description="How far a study is: its planned runs by status.")
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of a study, or its name under outputs/")
    args = parser.parse_args(words)
    folder = study_plan.find(args.study)
    Console().print(table(folder, study_plan.read(folder)))
    return 0
