"""End to end: from a study folder to its report folder."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate.analysis.report.write import report
from ablate.commands.report import main
from ablate.terminal.errors import InputError

ROOT = Path(__file__).parents[3]
FACTORS = {"normalization": ["batch", "none"], "weight_decay": ["0.1", "0"]}
COMPLETE = {"baseline": {0: 0.9, 1: 0.91, 2: 0.93}, "normalization=none": {0: 0.8, 1: 0.79, 2: 0.82}}
HOLES = COMPLETE | {"weight_decay=0": {0: 0.9, 1: "failed", 2: None}}
FILES = {
    "runs.csv",
    "effects.csv",
    "report.typ",
    "report.pdf",
    "report.html",
    "numbers.tex",
    *(f"tables/{name}.{suffix}" for name in ("effects", "tests") for suffix in ("csv", "md", "tex")),
    *(f"figures/{name}.{suffix}" for name in ("loss_curves", "effects", "cost") for suffix in ("pdf", "svg", "png")),
}


def contents(study):
    folder = study / "report"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*words, cwd):
    """Run `ablate report` in another folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "ablate.cli", "report", *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8")


def test_a_complete_study(make_study, capsys):
    study = make_study(COMPLETE, FACTORS)
    assert report(study) == 0
    assert set(contents(study)) == FILES
    effects = pd.read_csv(study / "report" / "effects.csv")
    assert effects["difference"][1] == pytest.approx(-11)
    runs = pd.read_csv(study / "report" / "runs.csv")
    assert len(runs) == 6 and runs["val_accuracy"].tolist() == [0.9, 0.91, 0.93, 0.8, 0.79, 0.82]
    output = capsys.readouterr().out
    assert "| normalization=none | 3 " in " ".join(output.split())
    assert "\x1b" not in output
    assert output.splitlines()[-1] == f"Report: {study / 'report'}"


@pytest.mark.integration
def test_incomplete_runs_are_reported_and_files_are_reproducible(make_study, capsys):
    study, written = make_study(HOLES, FACTORS), []
    for allowed, status in [(False, 1), (True, 0)]:
        assert report(study, allow_partial=allowed) == status
        output = capsys.readouterr().out
        assert "1 failed, 1 missing" in output and "out of memory" in output
        assert "2 of 9 planned runs are incomplete" in output
        written.append(contents(study))
    further = ("failures", "contrasts", "anova", "shares")
    further_tables = {f"tables/{name}.{kind}" for name in further for kind in ("csv", "md", "tex")}
    further_figures = {f"figures/variance_shares.{kind}" for kind in ("pdf", "svg", "png")}
    assert set(written[0]) == FILES | further_tables | further_figures
    assert written[0] == written[1]


@pytest.mark.parametrize(("width", "p_values"), [(80, False), (140, True)])
def test_a_terminal_shows_all_digits_and_names(make_study, capsys, monkeypatch, width, p_values):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    study = make_study(COMPLETE | {"weight_decay=0": {0: 0.1, 1: 0.99, 2: 0.4}}, FACTORS)
    report(study)
    output = capsys.readouterr().out
    assert "\x1b" in output
    effects = pd.read_csv(study / "report" / "tables" / "effects.csv", keep_default_na=False)
    for column in effects.columns[1:4]:
        assert all(str(cell) in output for cell in effects[column])
    assert "baseline" in output and "inconclusive" in output
    assert "weight_decay=0" in output or width == 80  # a narrow terminal wraps long names
    assert ("p (Holm)" in " ".join(output.split())) == p_values
    assert output.splitlines()[-1] == f"Report: {study / 'report'}"


def test_a_diverged_run_is_not_incomplete(make_study, capsys):
    assert report(make_study(COMPLETE | {"weight_decay=0": {0: "diverged"}}, FACTORS)) == 0
    assert "1 diverged" in capsys.readouterr().out


@pytest.mark.integration
def test_files_of_an_earlier_report_are_deleted(make_study):
    study = make_study(HOLES, FACTORS)
    report(study)
    (study / "report" / "figures" / "loss_curves_2.pdf").touch()
    plan = (study / "study.json").read_text()
    complete = make_study(COMPLETE, FACTORS, name="again")
    (study / "study.json").write_text((complete / "study.json").read_text())
    assert plan != (study / "study.json").read_text()
    assert report(study) == 0
    assert set(contents(study)) == FILES


@pytest.mark.integration
def test_mixed_code_is_reported(make_study, capsys):
    study = make_study(COMPLETE, FACTORS, code=lambda variant, seed: variant[:4] * 16)
    report(study)
    assert "different versions of the code: basebasebase (3 runs), normnormnorm (3 runs)" in capsys.readouterr().out
    assert (
        "Note: The runs are of different versions of the code"
        in (study / "report" / "tables" / "effects.md").read_text()
    )


@pytest.mark.parametrize(
    "results",
    [
        {"baseline": {0: 0.5}},
        {"baseline": {0: "failed"}, "normalization=none": {0: None}},
        {"normalization=none": {0: 0.5}},
    ],
)
def test_studies_with_few_results(make_study, results, capsys):
    assert report(make_study(results, FACTORS), allow_partial=True) == 0
    untestable = "normalization=none" in results  # the terminal states why
    assert ("Note: Not testable: fewer than two shared seeds" in capsys.readouterr().out) == untestable


@pytest.mark.integration
def test_a_study_is_found_by_name(make_study, monkeypatch, tmp_path):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    make_study(COMPLETE, FACTORS).rename(outputs / "norm")
    monkeypatch.chdir(tmp_path)
    assert main(["norm"]) == 0
    with pytest.raises(InputError, match="has no study"):
        main(["other"])


@pytest.mark.integration
def test_the_command_from_another_folder(make_study, tmp_path):
    study = make_study(COMPLETE, FACTORS)
    for name in ("run.json", "metrics.csv"):
        path = study / "baseline" / "seed=0" / name
        path.write_text(path.read_text()[:150])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run(Path("..") / study.name, cwd=elsewhere)
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 unreadable" in done.stdout and done.stdout.endswith("Report: ../study/report\n")
    assert set(contents(study)) > FILES
    refused = run(elsewhere, cwd=tmp_path)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.startswith(f"{elsewhere} is not a study") and refused.stderr.count("\n") == 1
    assert "Traceback" in run(elsewhere, "--debug", cwd=tmp_path).stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.integration
def test_two_factors_have_their_contrasts_and_variance(make_study):
    cells = {"baseline": 0.6, "model=b": 0.7, "norm=y": 0.65, "model=b+norm=y": 0.85}
    results = {name: {seed: value + 0.01 * seed for seed in range(3)} for name, value in cells.items()}
    results["model=b+norm=y"][2] = 0.90
    study = make_study(results, {"model": ["a", "b"], "norm": ["x", "y"]})
    assert report(study) == 0
    table = pd.read_csv(study / "report" / "tables" / "contrasts.csv")
    # Computed by hand. Seeds 0 and 1: model (10 + 20) / 2, norm (5 + 15) / 2, both 20 - 10; seed 2: 16.5, 11.5 and 13.
    assert [text.split()[0] for text in table["Difference (points) [95 % CI]"]] == ["+15.50", "+10.50", "+11.00"]
    assert pd.read_csv(study / "report" / "tables" / "anova.csv")["df"].tolist() == [1, 1, 1, 2, 6]
    for name in ("effects", "variance_shares"):
        assert (study / "report" / "figures" / f"{name}.pdf").stat().st_size > 1000
