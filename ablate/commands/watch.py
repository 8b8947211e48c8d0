"""`ablate watch STUDY`: monitor a running study."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ablate.commands.flags import Parser
from ablate.runs import study_plan
from ablate.study.live_view import FolderView
from ablate.study.watch import watch


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate watch",
        description="Monitor a running study: learning curves, time left, failures. Ends with the last run; q quits.",
        epilog="Exit status: 0; 2 if STUDY cannot be read.",
    )
    parser.add_argument(
        "study", type=Path, metavar="STUDY", help="study or run folder, or the name of a study in outputs/"
    )
    parser.add_argument("--every", type=seconds, default=1.0, metavar="SECONDS", help="refresh interval; default: 1")
    parser.add_argument("--once", action="store_true", help="print the current state and exit, as without a terminal")
    args = parser.parse_args(arguments)
    watch(FolderView(study_plan.find(args.study)), args.every, args.once)
    return 0


def seconds(text: str) -> float:
    """Parse a refresh interval in seconds."""
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value
