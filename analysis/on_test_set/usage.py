"""How often a study's test set was used, on which runs, and with which accuracy: from tests.jsonl and test.json."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from ablate.analysis.on_test_set import metric as test_metric
from ablate.runs import test_log, test_result
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError

UNPLANNED = "runs that are not in the plan"


@dataclass(frozen=True, eq=False)
class Usage:
    """The uses of a study's test set.

    Attributes:
        runs: One row per tested run: variant, seed, times, accuracy (fraction) and value (of the study's metric, as
            recorded), NaN if unknown, in the order of the plan. Runs that are not in the plan follow; they have no
            seed and the variant `UNPLANNED`. Of a study with blocks, one row per variant and seed.
        tested: Number of tested runs.
        unreadable: Number of damaged records, which are not in `runs`.
        looks: Number of looks at the test set: the runs that one command tests are one look.
        replaced: Number of these looks that were at runs of another configuration than planned.
        others: {name of another test set: (number of looks at it, number of tested runs)}.
    """

    runs: pd.DataFrame
    tested: int
    unreadable: int
    looks: int
    replaced: int = 0
    others: dict[str, tuple[int, int]] = field(default_factory=dict)


def usage(study_folder: Path, plan: StudyPlan, studies: Sequence[Path] = ()) -> Usage:
    """Count the uses of the test set, run by run.

    If the study's log (tests.jsonl) and a run's result (test.json) disagree, the higher count is used. The accuracy of
    a run with another configuration than planned is left out, but its tests are counted.

    Args:
        study_folder: The study.
        plan: The content of its study.json.
        studies: Folders of the studies whose runs are in the plan, if there are several; each has a log.
    """
    logs = [_read_log(Path(study_folder), study, plan) for study in studies or [study_folder]]
    logged, looks, replaced = Counter[str](), sum(log.looks for log in logs), sum(log.replaced for log in logs)
    unreadable = sum(log.unreadable for log in logs)
    others: dict[str, tuple[int, int]] = {}
    for log in logs:
        logged.update(log.tests)
        for name, (uses, runs) in log.others.items():
            before = others.get(name, (0, 0))
            others[name] = before[0] + uses, before[1] + runs
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
        len(frame),
        unreadable,
        looks,
        replaced,
        others,
    )


class _Log(NamedTuple):
    """The log of a study: tests of each run (by its folder in the plan), unreadable lines, looks; see `Usage`."""

    tests: Counter[str]
    unreadable: int
    looks: int
    replaced: int
    others: dict[str, tuple[int, int]]


def _read_log(root: Path, study: Path, plan: StudyPlan) -> _Log:
    """Read the log of a study below `root`, the folder that the runs of the plan are below."""
    log, place = Path(study) / test_log.FILE, PurePosixPath(Path(study).relative_to(root).as_posix())
    planned = {run.folder: run.config_sha256 for run in plan.runs}
    below = {
        PurePosixPath(folder): sha for folder, sha in planned.items() if PurePosixPath(folder).is_relative_to(place)
    }
    try:
        tests, unreadable = test_log.read_log(log)
        return _Log(
            Counter({(place / run).as_posix(): count for run, count in tests.items()}),
            unreadable,
            test_log.count_looks(log),
            test_log.count_replaced(log, {folder.relative_to(place).as_posix(): sha for folder, sha in below.items()}),
            test_log.count_others(log),
        )
    except InputError:
        return _Log(Counter(), 1, 0, 0, {})
