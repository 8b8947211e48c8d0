"""Files of a submission that are missing, too large, outdated or not the student's are refused."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from ablate.commands.submit.gather import select
from ablate.commands.submit.report import outdated
from ablate.files import atomic
from tests.processes import ROOT
from tests.submission import blank, refused


def test_an_archive_over_the_limit_is_refused(here):
    default_rules = (ROOT / "conf/submission/assignment.yaml").read_text()
    Path("rules.yaml").write_text(default_rules.replace("max_archive_mb: 100", "max_archive_mb: 0.2"))
    notebook = Path("notebooks/assignment.ipynb")
    content = json.loads(notebook.read_text())
    content["metadata"]["noise"] = random.Random(0).randbytes(3_000_000).hex()  # larger than code and weights
    notebook.write_text(json.dumps(content))
    message = refused("--submission", "rules.yaml")
    assert "more than the limit of 0.2 MB" in message and "The largest part is Assignment_1.ipynb" in message


def test_missing_and_invalid_files_are_refused(here):
    Path("notebooks/assignment.ipynb").rename("notebooks/mine.ipynb")
    assert "There is no Assignment_1.ipynb in this folder or in notebooks/" in refused()
    options = ("--notebook", "notebooks/mine.ipynb")
    assert "is not writable (No such file or directory)" in refused(*options, "--output", "nowhere")
    assert "is not writable (Not a directory)" in refused(*options, "--output", "notebooks/mine.ipynb")
    blank(Path("long.pdf"), 3)
    assert "long.pdf has 3 pages, expected 1 to 2" in refused(*options, "--report", "long.pdf")
    shutil.copy("long.pdf", "outputs/s/report/report.pdf")
    assert "report.pdf has 3 pages" in refused(*options)
    for path in Path("outputs/s/baseline").rglob("model.pt"):
        path.unlink()
    blank(Path("short.pdf"), 1)
    assert "model.pt does not exist. Retrain the run" in refused(*options, "--report", "short.pdf")


def test_a_report_is_outdated_by_its_runs_its_text_and_a_test(here):
    study = Path("outputs/s")

    def reason() -> str:
        selected = select(study)
        return outdated(study, selected.plan.runs, selected.states)

    assert reason() == ""
    run = study / "optimizer.lr=0.0001/seed=0/run.json"
    record = json.loads(run.read_text())
    accuracy = record["metrics"]["val_accuracy"]
    atomic.write_json(run, {**record, "metrics": {**record["metrics"], "val_accuracy": accuracy + 1e-3}})
    assert reason() == "The report of outputs/s is older than its runs"
    atomic.write_json(run, record)
    later = (study / "report/report.pdf").stat().st_mtime + 1
    for name in ("report.md", "tests.jsonl"):
        os.utime(study / name, (later, later))
        assert reason() == f"The report of outputs/s is older than outputs/s/{name}"
        os.utime(study / name, (0, 0))
    shutil.rmtree(study / "report")
    assert reason() == "outputs/s has no report"
    atomic.write_json(run, {**record, "status": "failed"})
    assert "1 of 2 planned runs of outputs/s has no result" in refused()


@pytest.mark.parametrize("text", ["", "# A title\n\n## Introduction\n", "<!-- a\ncomment -->\n\n## Methods\n", None])
def test_a_report_without_words_of_its_own_is_refused(here, text):
    author = Path("outputs/s/report.md")
    author.unlink() if text is None else author.write_text(text)
    assert "outputs/s/report.md has no text of yours" in (message := refused())
    assert "or pass --allow-generated-report" in message


def test_a_notebook_of_ours_or_about_something_else_is_refused(here):
    shutil.copy(ROOT / "notebooks/assignment.ipynb", "Assignment_1.ipynb")
    assert "is the notebook of this package, with no change to its code" in refused()
    message = refused("--allow-original-notebook")
    assert "Assignment_1.ipynb is about the study" in message and "or pass --allow-other-study" in message
