"""`ablate status STUDY`: how far a study is."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ablate.runs import record
from ablate.study.status import table


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser("ablate status", description="How far a study is: its planned runs by status.")
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of a study, or its name under outputs/")
    given = parser.parse_args(words)
    folder = record.find_study(given.study)
    Console().print(table(folder, record.read_study(folder)))
    return 0
