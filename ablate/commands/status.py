"""`ablate status STUDY`: print the progress of a study."""

from collections.abc import Sequence
from pathlib import Path

from ablate.commands.flags import Parser
from ablate.runs import study_plan
from ablate.study.status_table import table
from ablate.terminal.console import Console


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate status",
        description="Print the number of runs per variant and status.",
        epilog="Exit status: 0; 2 if STUDY cannot be read.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder, or its name in outputs/")
    args = parser.parse_args(arguments)
    folder = study_plan.find(args.study)
    Console().print(table(folder, study_plan.read(folder)))
    return 0
