"""`ablate diff RUN RUN`: what differs between two runs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ablate.runs.differences import diff

SAME = "The two runs are the same in configuration, code, environment and outcome."


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    parser = argparse.ArgumentParser(
        "ablate diff", description="What differs between two runs: configuration, code, environment, outcome."
    )
    parser.add_argument("one", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument("other", type=Path, metavar="RUN", help="another")
    args = parser.parse_args(words)
    differences = diff(args.one, args.other)
    if not differences:
        print(SAME)
        return 0
    # A file or a pipe has no width to fold at.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    table = Table(box=None, pad_edge=False)
    for name in ("", "", args.one, args.other):
        table.add_column(Text(str(name)), overflow="fold")
    before = ""
    for part, key, one, other in differences:
        table.add_row(part if part != before else "", *map(Text, (key, one, other)))
        before = part
    console.print(table)
    return 0
