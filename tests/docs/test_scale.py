"""The programs on the page on limits of scale: the SQL gives the report's differences, a copied study is the same."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis.collect import collect
from ablate.analysis.effects import effects
from benchmarks.made_studies import random_results, write_study
from tests.docs.pages import ROOT, blocks

PROGRAMS = {block.title: block.text for block in blocks(ROOT / "docs/explanation/scale.md") if block.title}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_study(tmp_path / "study", 100, random_results(complete=False))
    path = tmp_path / "study/optimizer.lr=0.02/seed=2/run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "failed"}))
    return tmp_path / "study"


def run(name: str, folder: Path, *arguments: object) -> str:
    (folder / name).write_text(PROGRAMS[name])
    command = [sys.executable, name, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_query_gives_the_differences_of_the_report(tmp_path, study):
    pytest.importorskip("duckdb")
    queried = pd.read_csv(io.StringIO(run("query.py", tmp_path, study))).set_index("setting")
    reported = effects(collect(study)).set_index("variant").drop(index="baseline")
    assert set(queried.index) == set(reported.index) and queried.loc["optimizer.lr=0.02", "n"] == 4
    reported = reported.loc[queried.index]
    assert (queried["n"] == reported["n"]).all()
    assert abs(queried["difference"] - reported["difference"]).max() < 1e-9


def test_a_study_copied_to_a_store_and_back_is_the_same(tmp_path, study):
    run("copy_study.py", tmp_path, study, f"dir://store::file://{tmp_path}/objects")
    run("copy_study.py", tmp_path, f"dir://store::file://{tmp_path}/objects", tmp_path / "copy")
    pd.testing.assert_frame_equal(collect(study), collect(tmp_path / "copy"))
