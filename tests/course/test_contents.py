"""Parts of a submission that are missing, too large, or of other runs are refused, in a sentence."""

import json
import os
import random
import shutil
from pathlib import Path

from ablate.files import atomic
from tests.handing_in import blank, refused
from tests.processes import ROOT


def test_an_archive_over_the_limit_is_refused(here):
    own_rules = (ROOT / "conf/submission/assignment.yaml").read_text()
    Path("own.yaml").write_text(own_rules.replace("max_archive_mb: 100", "max_archive_mb: 0.2"))
    notebook = Path("notebooks/assignment.ipynb")
    content = json.loads(notebook.read_text())
    content["metadata"]["noise"] = random.Random(0).randbytes(3_000_000).hex()  # larger than code and weights
    notebook.write_text(json.dumps(content))
    said = refused("--submission", "own.yaml")
    assert "more than the 0.2 MB" in said and "its largest part is notebook.ipynb" in said


def test_parts_that_are_missing_or_not_what_is_asked_are_refused(here):
    Path("notebooks/assignment.ipynb").rename("notebooks/mine.ipynb")
    assert "Say which one to hand in: --notebook FILE" in refused()
    own = ("--notebook", "notebooks/mine.ipynb")
    assert "is not writable (No such file or directory)" in refused(*own, "--output", "nowhere")
    assert "is not writable (Not a directory)" in refused(*own, "--output", "notebooks/mine.ipynb")
    blank(Path("long.pdf"), 3)
    assert "long.pdf has 3 pages, but at most 2" in refused(*own, "--report", "long.pdf")
    shutil.copy("long.pdf", "outputs/s/report/report.pdf")
    assert "report.pdf has 3 pages" in refused(*own)
    for path in Path("outputs/s/baseline").rglob("model.pt"):
        path.unlink()
    blank(Path("short.pdf"), 1)
    assert "model.pt is not there: the run's weights are lost" in refused(*own, "--report", "short.pdf")


def test_a_report_of_other_runs_or_words_is_refused(here):
    run = Path("outputs/s/optimizer.lr=0.0001/seed=0/run.json")
    found = json.loads(run.read_text())
    accuracy = found["metrics"]["val_accuracy"]
    atomic.write_json(run, {**found, "metrics": {**found["metrics"], "val_accuracy": accuracy + 1e-3}})
    assert "is older than its runs. Run `ablate report" in refused()
    atomic.write_json(run, found)
    later = Path("outputs/s/report/report.pdf").stat().st_mtime + 1
    for name, what in (("report.md", "your words in"), ("tests.jsonl", "the uses of the test set in")):
        os.utime(f"outputs/s/{name}", (later, later))
        assert f"is older than {what} outputs/s/{name}" in refused()
        os.utime(f"outputs/s/{name}", (0, 0))
    atomic.write_json(run, {**found, "status": "failed"})
    assert "1 of 2 planned runs of outputs/s are not done" in refused()
    atomic.write_json(run, found)
    shutil.rmtree("outputs/s/report")
    assert refused() == "outputs/s has no report. Run `ablate report outputs/s`."
