"""Print what `ablate test --on` measured: tables of the studies, and of single runs condition by condition."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ablate.analysis import collect
from ablate.analysis.formats import DASH, number
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.report.terminal import print_table
from ablate.analysis.tables import other_tests as tables
from ablate.data.corruptions import CLEAN
from ablate.runs.other_test import OtherTestResult
from ablate.terminal.text import plural


def show(paths: Sequence[Path], studies: Sequence[Path], results: Mapping[Path, OtherTestResult]) -> None:
    """Print the results of one command.

    Args:
        paths: what was passed; the runs among them get a table each.
        studies: folders of the studies among them, which get the tables of the report.
        results: {run folder: result}.
    """
    name = next(iter(results.values())).name
    for folder, result in results.items():
        if folder in paths:
            low, high = result.conditions[0].accuracy_interval
            interval = f", 95 % CI {100 * low:.1f} to {100 * high:.1f} %" if len(result.conditions) == 1 else ""
            print_table(conditions(result), f"{folder} on {name} ({plural(result.images, 'image')}{interval})")
    for study in studies:
        plan = collect.read_plan(study)
        runs = collect.collect(study, plan)
        tests = other_tests.read(study, plan, runs)
        tests = tests[tests["test_set"] == name]
        labels = collect.labels(runs)
        for table in (
            tables.other_test_sets(tests, labels, runs, plan.metric),
            tables.conditions(tests, labels, plan.metric),
        ):
            if table is not None:
                print_table(table.cells.drop(columns="Test set"), f"{table.title}: study {plan.name} on {name}")
    path = f"test-on/{name}.json"
    where = f"{path} in each run folder" if len(results) > 1 else f"{next(iter(results))}/{path}"
    print(f"Results: {where}", flush=True)


def conditions(result: OtherTestResult) -> pd.DataFrame:
    """The accuracy and calibration error (percent) of a run under each condition, by severity where it has them."""
    rows: dict[str, dict[str, str]] = {}
    for one in result.conditions:
        row = rows.setdefault(one.name, {})
        row["Accuracy (%)" if one.severity is None else str(one.severity)] = number(100 * one.accuracy)
    frame = pd.DataFrame.from_dict(rows, orient="index").fillna(DASH)
    severities = sorted(column for column in frame if column != "Accuracy (%)")
    values = pd.DataFrame([(one.name, one.accuracy, one.calibration_error) for one in result.conditions])
    means = 100 * values.groupby(0, sort=False).mean()
    table = pd.DataFrame({"Condition": [name or "all" for name in means.index]})
    table["Accuracy (%)"] = [number(value) for value in means[1]]
    for severity in severities:
        table[f"severity {severity}"] = list(frame[severity])
    table["Calibration error (%)"] = [number(value) for value in means[2]]
    corrupted = means[means.index != CLEAN]
    if len(corrupted) > 1:
        mean = [number(corrupted[1].mean()), *[DASH] * len(severities), number(corrupted[2].mean())]
        table.loc[len(table)] = ["mean of corruptions" if len(corrupted) < len(means) else "mean", *mean]
    return table
