"""`ablate report STUDY`: tables and figures of a study, its PDF and its web page."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ablate.runs import study_plan


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    parser = argparse.ArgumentParser(
        "ablate report",
        description="Tables, figures, report.pdf and report.html of a study, written to STUDY/report/.",
        epilog="Exit status: 0, 1 if planned runs are incomplete, 2 if STUDY cannot be used. --debug adds a traceback.",
    )
    parser.add_argument(
        "study", type=Path, metavar="STUDY", help="folder of a study, such as outputs/NAME, or its NAME"
    )
    parser.add_argument("--allow-partial", action="store_true", help="exit with 0 though planned runs are incomplete")
    args = parser.parse_args(words)

    from ablate.analysis.report.write import report  # pandas and matplotlib, for which --help does not wait

    return report(study_plan.find(args.study), args.allow_partial)
