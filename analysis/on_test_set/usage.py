"""How often a study's test set was used, on which runs, and with which accuracy: from tests.jsonl and test.json."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ablate.analysis.on_test_set import metric as test_metric
from ablate.runs import test_log, test_result
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError

UNPLANNED = "runs that are no longer planned"


@dataclass(frozen=True, eq=False)
class Usage:
    """The uses of a study's test set.

    Attributes:
        runs: One row per tested run: variant, seed, times, accuracy (fraction) and value (of the study's metric, as
            recorded), NaN if unknown, in the order of the plan. Runs that are no longer planned follow; they have no
            seed and the variant `UNPLANNED`.
        unreadable: Number of damaged records, which are not in `runs`.
        looks: Number of looks at the test set: the runs that one command tests are one look.
        replaced: Number of these looks that were at runs of another configuration than planned.
        others: {name of another test set: (number of looks at it, number of tested runs)}.
    """

    runs: pd.DataFrame
    unreadable: int
    looks: int
    replaced: int = 0
    others: dict[str, tuple[int, int]] = field(default_factory=dict)


def usage(study_folder: Path, plan: StudyPlan) -> Usage:
    """Count the uses of the test set, run by run.

    If the study's log (tests.jsonl) and a run's result (test.json) disagree, the higher count is used. The accuracy of
    a run with another configuration than planned is left out, but its tests are counted.

    Args:
        study_folder: The study.
        plan: The content of its study.json.
    """
    log = Path(study_folder) / test_log.FILE
    try:
        (logged, unreadable), looks = test_log.read_log(log), test_log.count_looks(log)
        replaced = test_log.count_replaced(log, {run.folder: run.config_sha256 for run in plan.runs})
        others = test_log.count_others(log)
    except InputError:
        logged, unreadable, looks, replaced, others = Counter[str](), 1, 0, 0, {}
    rows: list[tuple[str, int | None, int, float, float]] = []
    for run in plan.runs:
        times, accuracy, value = logged.pop(run.folder, 0), float("nan"), None
        try:
            result = test_result.read(Path(study_folder) / run.folder)
        except InputError:
            result, unreadable = None, unreadable + 1
        if result and result.config_sha256 == run.config_sha256:
            times, accuracy = max(times, result.uses), result.accuracy
            value = test_metric.value(result, plan.metric)
        if times:
            rows.append((run.variant, run.seed, times, accuracy, float("nan") if value is None else value))
    rows += [(UNPLANNED, None, times, float("nan"), float("nan")) for times in logged.values()]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "times", "accuracy", "value"])
    looks = max([looks, *(times for _, _, times, *_ in rows)])  # the log of a copied run may have stayed behind
    return Usage(
        frame.astype({"seed": "Int64", "times": "Int64", "accuracy": float, "value": float}),
        unreadable,
        looks,
        replaced,
        others,
    )
