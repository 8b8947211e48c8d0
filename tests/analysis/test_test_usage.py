"""How often a test set was used: what a study's log and results say, and what neither can."""

import json

import pytest

from ablate.analysis.report import sentences
from ablate.analysis.report.write import report
from ablate.analysis.test_usage import usage
from ablate.runs import record, test_log
from tests.runs.test_test_log import RESULT

FACTORS = {"model": ["a", "b"]}


@pytest.fixture
def study(make_study):
    return make_study({"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6, 1: 0.7}}, FACTORS)


def use(study, folder, accuracy=0.75):
    """Test a run as `ablate test` writes it down."""
    planned = {run["folder"]: run["config_sha256"] for run in record.read_study(study)["runs"]}
    content = {**RESULT, "accuracy": accuracy, "config_sha256": planned.get(folder, "another")}
    (study / folder).mkdir(parents=True, exist_ok=True)
    test_log.keep(study / folder, {"time": "now"}, content)


def said(study) -> str:
    return sentences.tested(usage(study, record.read_study(study)))


def test_a_test_set_that_was_not_used(study):
    assert said(study) == "The test set was not used."


def test_how_often_and_on_which_runs(study):
    use(study, "baseline/seed=0", 0.5)
    assert said(study) == "The test set was used once, on 1 run: baseline (seed 0: 50.0 %)."
    use(study, "baseline/seed=1", 0.6)
    use(study, "model=b/seed=1", 0.7)
    use(study, "model=b/seed=1", 0.7)
    # The standard deviation of .5 and .6 is .1 / sqrt 2.
    assert said(study) == (
        "The test set was used 4 times, on 3 runs: baseline (seeds 0, 1: 55.0 ± 7.1 %), model=b (seed 1: 70.0 %)."
    )


def test_what_was_tested_and_is_gone_counts(study):
    """A run of another configuration was here, and one is no longer planned: both were looked at."""
    use(study, "model=b/seed=0")
    path = study / "model=b/seed=0/test.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "config_sha256": "other"}))
    use(study, "model=c/seed=0")
    assert said(study) == ("The test set was used twice, on 2 runs: model=b (seed 0), runs that are no longer planned.")


def test_a_lost_log_is_made_up_for_by_the_results(study):
    use(study, "baseline/seed=0"), use(study, "baseline/seed=0")
    (study / test_log.LOG).unlink()
    assert said(study).startswith("The test set was used twice, on 1 run: baseline")


def test_damaged_records_are_said(study):
    (study / test_log.LOG).write_text("{junk\n")
    assert said(study) == "Whether the test set was used is unknown. 1 record of its use cannot be read."
    (study / "baseline/seed=0/test.json").write_text('{"schema": 1, "accuracy": 0.5, "uses": "many"}')
    use(study, "baseline/seed=1")
    assert said(study).endswith("baseline (seed 1: 75.0 %). 2 records of its use cannot be read.")


def test_the_report_says_it(study, capsys):
    use(study, "model=b/seed=1")
    assert report(study) == 0
    sentence = "The test set was used once, on 1 run: model=b (seed 1: 75.0 %)."
    assert sentence in capsys.readouterr().out
    for name in ("report.html", "report.typ", "tables/effects.md"):
        assert sentence in (study / "report" / name).read_text()


def test_many_uses_are_a_short_sentence(study):
    lines = [json.dumps({"run": f"x{n}", "time": "now"}) for n in range(10_000)]
    lines += [json.dumps({"run": "baseline/seed=0", "time": "now"})] * 3
    (study / test_log.LOG).write_text("\n".join(lines))
    assert said(study).startswith("The test set was used 10003 times, on 10001 runs") and len(said(study)) < 200
