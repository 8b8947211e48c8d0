"""The verdict on a retrained run, and the first cause of a difference."""

import json
from pathlib import Path

import pytest

from ablate.commands.reproduce import comparison

ROWS = {
    "configuration": ("configuration", "seed", "0", "1"),
    "code": ("code", "code_sha256", "a", "b"),
    "packages": ("environment", "numpy", "1", "2"),
    "number of threads": ("environment", "threads", "1", "2"),
    "hardware": ("environment", "cpu", "a", "b"),
    "data": ("environment", "data_sha256", "a", "b"),
}


def test_causes_are_looked_for_in_order():
    for at, name in enumerate(ROWS):
        rows = [("results", "model.pt", "a", "b"), ("code", "commit", "a", "b"), *reversed(list(ROWS.values())[at:])]
        assert comparison.cause(rows, None)[0].startswith(f"First cause found: {name}.")
    assert comparison.cause([("results", "model.pt", "a", "b"), ("code", "commit", "a", "b")], None)[0].startswith(
        "No cause"
    )


@pytest.fixture
def make(tmp_path: Path):
    """make(name, lr=..., margin=..., **record) -> a run folder with that record and those weights."""

    def make(name: str, lr: float = 0.1, weights: bytes = b"w", margin: float | None = 1.0, **record: object) -> Path:
        folder = tmp_path / name
        (folder / ".hydra").mkdir(parents=True)
        text = f"seed: 0\noptimizer: {{lr: {lr}}}\nstudy: {{margin: {'null' if margin is None else margin}}}\n"
        (folder / ".hydra/config.yaml").write_text(text)
        content = {"schema": 1, "status": "completed", "seed": 0, "metrics": {"val_accuracy": 0.5}, **record}
        (folder / "run.json").write_text(json.dumps(content))
        (folder / "model.pt").write_bytes(weights)
        return folder

    return make


def test_the_same_files_are_identical(make):
    again = make("again")
    assert comparison.compare(make("run"), again) == comparison.Comparison(again, "identical", [comparison.IDENTICAL])


@pytest.mark.parametrize(
    ("accuracy", "margin", "verdict"),
    [(0.5, None, "within tolerance"), (0.5078125, 1.0, "within tolerance"), (0.515625, 1.0, "different"),
     (0.4921875, 1.0, "within tolerance"), (0.484375, 1.0, "different"), (0.5078125, None, "different")],
)  # fmt: skip
def test_outside_a_study_the_tolerance_is_the_margin(make, accuracy, margin, verdict):
    run = make("run", margin=margin)
    compared = comparison.compare(run, make("again", weights=b"v", metrics={"val_accuracy": accuracy}, margin=margin))
    assert compared.verdict == verdict and "model.pt" in compared.summary[1]
    assert f"50.00 % then, {100 * accuracy:.2f} % now; the tolerance is {margin or 0:.2f} points" in compared.summary[0]
    assert compared.summary[2].startswith("No cause found")


def test_another_status_or_no_accuracy_is_different_whatever_the_tolerance(make):
    run = make("run", margin=100.0)
    diverged = comparison.compare(run, make("diverged", status="diverged", margin=100.0))
    unknown = comparison.compare(run, make("unknown", metrics={}, margin=100.0))
    assert diverged.verdict == unknown.verdict == "different" and "unknown now" in unknown.summary[0]


def test_another_configuration_is_named_and_not_compared(make):
    compared = comparison.compare(make("run"), make("again", lr=0.2))
    assert compared.verdict == "different" and "optimizer.lr: 0.1 then, 0.2 now" in compared.summary[0]
