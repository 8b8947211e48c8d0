"""How often a study's test set was used, on which runs, and what they reached: from tests.jsonl and each test.json."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablate.runs import test_log, test_result
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError

UNPLANNED = "runs that are no longer planned"


@dataclass(frozen=True, eq=False)
class Usage:
    """`runs`: one row a tested run: variant, seed, times, accuracy (fraction, NaN if not known); the baseline first.

    Runs that are no longer planned have no seed and are of the variant `UNPLANNED`. `unreadable` records were left out.
    """

    runs: pd.DataFrame
    unreadable: int


def usage(study_folder: Path, plan: StudyPlan) -> Usage:
    """What the log of a study and the results of its planned runs say; of a run, the higher count of the two.

    An accuracy is that of the run that is there now: a test of one before it, of another configuration, only counts.
    """
    try:
        logged, unreadable = test_log.read_log(Path(study_folder) / test_log.FILE)
    except InputError:
        logged, unreadable = Counter[str](), 1
    rows: list[tuple[str, int | None, int, float]] = []
    for run in plan.runs:
        times, accuracy = logged.pop(run.folder, 0), float("nan")
        try:
            result = test_result.read(Path(study_folder) / run.folder)
        except InputError:
            result, unreadable = None, unreadable + 1
        if result and result.config_sha256 == run.config_sha256:
            times, accuracy = max(times, result.uses), result.accuracy
        if times:
            rows.append((run.variant, run.seed, times, accuracy))
    rows += [(UNPLANNED, None, times, float("nan")) for times in logged.values()]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "times", "accuracy"])
    return Usage(frame.astype({"seed": "Int64", "times": "Int64", "accuracy": float}), unreadable)
