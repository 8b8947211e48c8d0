"""Uses of the test set, counted from a study's log and results."""

import json
import shutil
from uuid import uuid4

import pandas as pd
import pytest
from msgspec.structs import replace

from ablate.analysis import tables
from ablate.analysis.analyze import analyze
from ablate.analysis.on_test_set.usage import Usage, usage
from ablate.analysis.report import limits
from ablate.analysis.report.write import report
from ablate.runs import study_plan, test_log
from tests.runs.test_test_log import result

FACTORS = {"model": ["a", "b"]}


@pytest.fixture
def study(make_study):
    return make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}}, FACTORS)


def use(study, folder, accuracy=0.75, look=None):
    """Record a test of a run as `ablate test` does, in a look of its own unless it is named."""
    planned = {run.folder: run.config_sha256 for run in study_plan.read(study).runs}
    tested = result(accuracy=accuracy, look=look or uuid4().hex, config_sha256=planned.get(folder, "another"))
    (study / folder).mkdir(parents=True, exist_ok=True)
    test_log.record_use(study / folder, tested)


def sentence(study) -> str:
    return limits.tested(usage(study, study_plan.read(study)))


def test_an_unused_test_set(study):
    assert sentence(study) == "The test set was not used."


def test_uses_are_counted_by_run(study):
    use(study, "baseline/seed=0", 0.5)
    assert sentence(study) == "The test set was used once, on 1 run: baseline (seed 0: 50.0 %)."
    use(study, "baseline/seed=1", 0.6)
    use(study, "model=b/seed=1", 0.7)
    use(study, "model=b/seed=1", 0.7)
    # The standard deviation of .5 and .6 is .1 / sqrt 2.
    assert sentence(study) == (
        "The test set was used 4 times, on 3 runs: baseline (seeds 0, 1: 55.0 ± 7.1 %), model=b (seed 1: 70.0 %)."
    )


def test_the_runs_of_one_command_are_one_look(study):
    for look, accuracies in (("one", (0.5, 0.6, 0.7, 0.9)), ("two", (0.5,))):
        folders = ("baseline/seed=0", "baseline/seed=1", "model=b/seed=0", "model=b/seed=1")
        for folder, accuracy in zip(folders, accuracies, strict=False):
            use(study, folder, accuracy, look)
        if look == "one":
            assert sentence(study).startswith("The test set was used once, on 4 runs: baseline (seeds 0, 1: 55.0")
    assert sentence(study).startswith("The test set was used twice, on 4 runs")


def test_uses_of_runs_that_were_replaced_since_count_and_are_named(study):
    use(study, "baseline/seed=0", 0.5)
    plan = study_plan.read(study)
    runs = [replace(run, config_sha256=f"again {run.folder}") for run in plan.runs]
    study_plan.write(study, replace(plan, runs=runs))
    assert sentence(study) == (
        "The test set was used once, on 1 run: baseline (seed 0). Of these, once on runs of another configuration that"
        " were replaced since; this counts, as the test images are the same."
    )
    use(study, "baseline/seed=1", 0.6)
    assert "used twice, on 2 runs" in sentence(study) and "Of these, once on runs of another" in sentence(study)


def test_the_table_of_test_accuracies(study):
    """Differences of 20 and 30 points: mean 25, SD 7.07, half-width 12.706 * 7.07 / sqrt(2) = 63.53."""
    for folder, accuracy in (("baseline/seed=0", 0.5), ("baseline/seed=1", 0.6), ("model=b/seed=0", 0.7),
                             ("model=b/seed=1", 0.9)):  # fmt: skip
        use(study, folder, accuracy, "one")
    assert report(study) == 0
    rows = [line.split(",", 3) for line in (study / "report/tables/test.csv").read_text().splitlines()[1:]]
    assert rows == [
        ["baseline", "2", "55.00 ± 7.07", "—"],
        ["model=b", "2", "80.00 ± 14.14", '"+25.00 [−38.53, +88.53]"'],
    ]
    for name in ("report.html", "report.typ"):
        text = (study / "report" / name).read_text()
        assert "Accuracy on the test set" in text and "+25.00 [−38.53, +88.53]" in text


def test_without_a_test_there_is_no_table(study):
    assert "effects" in tables.all_tables(analyze(study)) and "test" not in tables.all_tables(analyze(study))


def test_tests_of_replaced_and_unplanned_runs_are_counted(study):
    """One run was replaced by another configuration, and one is not in the plan."""
    use(study, "model=b/seed=0")
    path = study / "model=b/seed=0/test.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "config_sha256": "other"}))
    use(study, "model=c/seed=0")
    assert sentence(study) == (
        "The test set was used twice, on 2 runs: model=b (seed 0), runs that are not in the plan."
    )


def test_without_a_log_the_results_are_counted(study):
    use(study, "baseline/seed=0"), use(study, "baseline/seed=0")
    (study / test_log.FILE).unlink()
    assert sentence(study).startswith("The test set was used twice, on 1 run: baseline")


def test_damaged_records_are_reported(study):
    (study / test_log.FILE).write_text("{junk\n")
    assert sentence(study) == "Whether the test set was used is unknown. 1 record of its use cannot be read."
    (study / "baseline/seed=0/test.json").write_text('{"schema": 1, "accuracy": 0.5, "uses": "many"}')
    use(study, "baseline/seed=1")
    assert sentence(study).endswith("baseline (seed 1: 75.0 %). 2 records of its use cannot be read.")


def test_the_report_states_the_uses(study, capsys):
    use(study, "model=b/seed=1")
    assert report(study) == 0
    expected = "The test set was used once, on 1 run: model=b (seed 1: 75.0 %)."
    assert expected in capsys.readouterr().out
    for name in ("report.html", "report.typ", "tables/effects.md"):
        assert expected in (study / "report" / name).read_text()


def test_many_uses_are_summarized_briefly(study):
    lines = [json.dumps({"run": f"x{n}", "time": "now"}) for n in range(10_000)]
    lines += [json.dumps({"run": "baseline/seed=0", "time": "now"})] * 3
    (study / test_log.FILE).write_text("\n".join(lines))
    assert sentence(study).startswith("The test set was used 3 times, on 10,001 runs") and len(sentence(study)) < 200


def test_uses_of_joined_studies_are_added(study):
    other = shutil.copytree(study, study.parent / "other")
    use(study, "baseline/seed=0", 0.5), use(study, "baseline/seed=0", 0.5)
    use(other, "model=b/seed=0", 0.7)
    use(other, "baseline/seed=1", 0.6)  # of which the joined plan has that of the first study
    plan = study_plan.read(study)
    folders = {run.folder: other if run.folder == "model=b/seed=0" else study for run in plan.runs}
    placed = [replace(run, folder=f"{folders[run.folder].name}/{run.folder}") for run in plan.runs]
    joined = usage(study.parent, replace(plan, runs=placed), [study, other])
    assert joined.looks == 4 and limits.tested(joined) == (
        "The test set was used 4 times, on 3 runs: baseline (seed 0: 50.0 %), model=b (seed 0: 70.0 %), runs that are"
        " not in the plan."
    )


def test_other_test_sets_that_are_not_listed_are_counted():
    others = {f"set{number}": (1, 2) for number in range(11)}
    nothing = pd.DataFrame({"variant": [], "seed": [], "times": [], "accuracy": [], "value": []})
    text = limits.tested(Usage(nothing, 0, 0, 0, others=others))
    assert text.count("was used once") == 8 and text.endswith(" 3 further test sets were used (tests.jsonl).")
