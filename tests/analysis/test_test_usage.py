"""Uses of the test set, counted from a study's log and results."""

import json

import pytest

from ablate.analysis.report import sentences
from ablate.analysis.report.write import report
from ablate.analysis.test_usage import usage
from ablate.runs import study_plan, test_log
from tests.runs.test_test_log import result

FACTORS = {"model": ["a", "b"]}


@pytest.fixture
def study(make_study):
    return make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}}, FACTORS)


def use(study, folder, accuracy=0.75):
    """Record a test of a run as `ablate test` does."""
    planned = {run.folder: run.config_sha256 for run in study_plan.read(study).runs}
    tested = result(accuracy=accuracy, config_sha256=planned.get(folder, "another"))
    (study / folder).mkdir(parents=True, exist_ok=True)
    test_log.record_use(study / folder, tested)


def sentence(study) -> str:
    return sentences.tested(usage(study, study_plan.read(study)))


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


def test_tests_of_replaced_and_unplanned_runs_are_counted(study):
    """One run was replaced by another configuration, and one is no longer planned."""
    use(study, "model=b/seed=0")
    path = study / "model=b/seed=0/test.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "config_sha256": "other"}))
    use(study, "model=c/seed=0")
    assert sentence(study) == (
        "The test set was used twice, on 2 runs: model=b (seed 0), runs that are no longer planned."
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
    assert sentence(study).startswith("The test set was used 10003 times, on 10001 runs") and len(sentence(study)) < 200
