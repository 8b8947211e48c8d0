"""Files of a submission that are missing, too large or outdated are refused."""

import json
import os
import random
import shutil
from pathlib import Path

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
    assert "more than the limit of 0.2 MB" in message and "The largest part is notebook.ipynb" in message


def test_missing_and_invalid_files_are_refused(here):
    Path("notebooks/assignment.ipynb").rename("notebooks/mine.ipynb")
    assert "Pass another one with --notebook FILE" in refused()
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


def test_an_outdated_report_is_refused(here):
    run = Path("outputs/s/optimizer.lr=0.0001/seed=0/run.json")
    record = json.loads(run.read_text())
    accuracy = record["metrics"]["val_accuracy"]
    atomic.write_json(run, {**record, "metrics": {**record["metrics"], "val_accuracy": accuracy + 1e-3}})
    assert "is older than its runs. Run `ablate report" in refused()
    atomic.write_json(run, record)
    later = Path("outputs/s/report/report.pdf").stat().st_mtime + 1
    for name in ("report.md", "tests.jsonl"):
        os.utime(f"outputs/s/{name}", (later, later))
        assert f"is older than outputs/s/{name}. Run `ablate report" in refused()
        os.utime(f"outputs/s/{name}", (0, 0))
    atomic.write_json(run, {**record, "status": "failed"})
    assert "1 of 2 planned runs of outputs/s have no result" in refused()
    atomic.write_json(run, record)
    shutil.rmtree("outputs/s/report")
    assert refused() == "outputs/s has no report. Run `ablate report outputs/s`."
