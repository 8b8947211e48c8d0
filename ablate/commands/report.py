"""`ablate report STUDY`: write the tables, figures, PDF and HTML report of a study."""

from collections.abc import Sequence
from pathlib import Path

from ablate.commands.flags import Parser
from ablate.runs import study_plan


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    parser = Parser(
        "ablate report",
        description="Write the tables, figures, report.pdf and report.html of a study to STUDY/report/.",
        epilog="Exit status: 0; 1 if planned runs have no result; 2 if STUDY cannot be read.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder, or its name in outputs/")
    parser.add_argument(
        "--allow-partial", action="store_true", help="exit with status 0 even if planned runs have no result"
    )
    args = parser.parse_args(arguments)

    from ablate.analysis.report.write import report  # imports pandas and matplotlib, which take a while

    return report(study_plan.find(args.study), args.allow_partial)
