"""Seeds left out of every comparison: with a reason, in every output, and only as long as they are asked for."""

import json

import pandas as pd
import pytest
from pypdf import PdfReader

from ablate.analysis import excluded_seeds
from ablate.analysis.analyze import analyze
from ablate.analysis.sources.any_source import Asked, results
from ablate.commands import report
from ablate.runs import looks
from ablate.terminal.errors import InputError

RESULTS = {"baseline": {0: 0.6, 1: 0.61, 2: 0.1}, "model=b": {0: 0.5, 1: 0.52, 2: 0.7}}
REASON = "node 3 had a full disk_"


@pytest.mark.integration
def test_the_seed_and_its_reason_are_in_every_output_and_the_numbers_come_back(make_study, capsys):
    study = make_study(RESULTS, {"model": ["a", "b"]})
    assert report.main([str(study)]) == 0
    every, tables = (study / "report/effects.csv").read_bytes(), study / "report/tables/effects.md"
    assert "excluded" not in capsys.readouterr().out + tables.read_text()

    assert report.main([str(study), "--exclude-seed", "2", "--reason", REASON]) == 0
    # Differences of -10 and -9 points, without +60.
    row = pd.read_csv(study / "report/effects.csv").set_index("variant").loc["model=b"]
    assert row["n"] == 2 and row["difference"] == pytest.approx(-9.5)
    assert pd.read_csv(study / "report/runs.csv")["seed"].unique().tolist() == [0, 1]
    stated = f"Seed 2 is excluded from every comparison: {REASON}."
    pages = " ".join(page.extract_text() for page in PdfReader(study / "report/report.pdf").pages)
    assert stated in " ".join(pages.split()) and stated in capsys.readouterr().out
    assert stated in (study / "report/report.html").read_text() and "full disk" in tables.read_text()
    assert "seeds 0, 1." in " ".join(pages.split())
    assert [look.excluded for look in looks.read(study)] == [{}, {2: REASON}]

    assert report.main([str(study)]) == 0
    assert (study / "report/effects.csv").read_bytes() == every and len(looks.read(study)) == 2
    assert f"Other reports of these results excluded seeds: seed 2 ({REASON})." in capsys.readouterr().out


def test_plan_curves_and_runs_lose_the_seed_together(make_study):
    study = make_study(RESULTS, {"model": ["a", "b"]})
    with_all, without = analyze(study), results(study, Asked(excluded={0: "x"}))
    assert with_all.plan.seeds == [0, 1, 2] and without.plan.seeds == [1, 2]
    for frame in (without.runs, without.curves):
        assert sorted(frame["seed"].unique()) == [1, 2]
    assert len(without.plan.runs) == 4 and without.excluded == {0: "x"}


def test_a_seed_of_a_table_is_excluded_if_its_column_is_known(tmp_path):
    rows = [{"net": net, "fold": fold, "acc": fold / 10 + (net == "b")} for net in "ab" for fold in range(4)]
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    asked = {"metric": "acc", "factors": ["net"], "excluded": {3: "x"}}
    assert results(tmp_path / "r.csv", Asked(seed="fold", **asked)).effects["n"].tolist() == [3, 3]
    with pytest.raises(InputError, match="No seed can be excluded"):
        results(tmp_path / "r.csv", Asked(**asked))


@pytest.mark.parametrize(
    ("seeds", "reasons", "sentence"),
    [
        ("2", [], "needs --reason TEXT"),
        ("", ["x"], "needs --reason TEXT"),
        ("2", [" "], "needs --reason TEXT"),
        ("012", ["x", "x"], "needs --reason TEXT"),
        ("2", ["a\nb"], "one line of text"),
        ("2", ["\x1b[2J"], "one line of text"),
        ("2", ["x" * 301], "one line of text"),
        ("7", ["x"], "The study has no seed 7, so it cannot be excluded. Its seeds are 0, 1, 2."),
        ("11", ["x"], "--exclude-seed 1 is repeated. Remove one."),
        ("012", ["x"], "All seeds of the study would be excluded"),
    ],
)
def test_what_cannot_be_excluded_is_refused_before_anything_is_written(make_study, seeds, reasons, sentence):
    words = [*(f"--exclude-seed={seed}" for seed in seeds), *(f"--reason={reason}" for reason in reasons)]
    study = make_study(RESULTS, {"model": ["a", "b"]})
    with pytest.raises(InputError) as error:
        report.main([str(study), *words])
    assert sentence in str(error.value) and not (study / "report").exists() and not (study / looks.FILE).exists()


def test_one_reason_is_that_of_all_seeds_and_several_are_in_the_order_of_the_seeds():
    assert report.exclusions([3, 1], ["x"]) == {3: "x", 1: "x"}
    assert report.exclusions([3, 1], ["x", "y"]) == {3: "x", 1: "y"}
    assert excluded_seeds.sentences({3: "x."})[0] == "Seed 3 is excluded from every comparison: x."


def test_a_look_is_recorded_once_per_set_of_excluded_seeds(tmp_path):
    shown = [("a", seed) for seed in range(3)]
    for _ in range(2):
        for excluded in ({}, {2: "x"}, {1: "x"}):
            rest = [result for result in shown if result[1] not in excluded]
            counted, others = looks.record(tmp_path, rest, planned=len(rest), seeds=len(rest), excluded=excluded)
    assert [look.excluded for look in looks.read(tmp_path)] == [{}, {2: "x"}, {1: "x"}]
    assert counted == looks.read(tmp_path) and others == 0
    lines = (tmp_path / looks.FILE).read_text().splitlines()
    assert json.loads(lines[1])["excluded"] == {"2": "x"}
