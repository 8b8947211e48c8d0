"""`ablate diff RUN RUN`: compare two runs."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ablate.commands.flags import Parser
from ablate.runs.differences import diff

NO_DIFFERENCE = "The runs have the same configuration, code, environment and results."


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    from rich.table import Table
    from rich.text import Text

    from ablate.terminal.console import Console

    parser = Parser(
        "ablate diff",
        description="Compare two runs: configuration, code, environment, results.",
        epilog="Exit status: 0, also if the runs differ; 2 if a run cannot be read.",
    )
    parser.add_argument("one", type=Path, metavar="RUN", help="run folder, such as outputs/NAME/baseline/seed=0")
    parser.add_argument("other", type=Path, metavar="RUN", help="the other run folder")
    args = parser.parse_args(arguments)
    differences = diff(args.one, args.other)
    if not differences:
        print(NO_DIFFERENCE)
        return 0
    # Lines in files and pipes are not wrapped.
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    table = Table(box=None, pad_edge=False)
    for name in ("", "", args.one, args.other):
        table.add_column(Text(str(name)), overflow="fold")
    previous_part = ""
    for part, key, one, other in differences:
        table.add_row(part if part != previous_part else "", *map(Text, (key, one, other)))
        previous_part = part
    console.print(table)
    return 0
