"""A run and the same run trained again: identical, within tolerance, or different, with the first cause."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from ablate.runs import provenance, record, schema
from ablate.runs.differences import Difference, diff

IDENTICAL = "Identical: metrics.csv (times aside), val_predictions.npz and model.pt, bit for bit."
# What may have changed a number, in the order in which it is looked at: name, part of a difference, keys (none: all).
CAUSES = (
    ("configuration", "configuration", ()),
    ("code", "code", ("code_sha256", "own_code")),
    ("packages", "environment", ("python", *provenance.PACKAGES)),
    ("number of threads", "environment", ("threads",)),
    ("hardware", "environment", ("platform", "cpu", "device", "precision")),
    ("an interruption, after which it went on elsewhere", "environment", ("earlier",)),
    ("data", "environment", ("data_sha256",)),
)


@dataclass(frozen=True)
class Comparison:
    """A run trained `again`, the verdict (identical, within tolerance, different), and what to say of it."""

    again: Path
    verdict: str
    told: list[str]


def compare(run: Path, again: Path) -> Comparison:
    """The verdict on a run and the same trained `again`, and the first cause if they are not identical."""
    differences = diff(run, again)
    if not (outcome := [row for row in differences if row[0] == "outcome"]):
        return Comparison(again, "identical", [IDENTICAL])
    before, after = (record.read_run(folder) for folder in (run, again))
    limit, source = tolerance(run)
    then, now = ((one.get("metrics") or {}).get("val_accuracy") for one in (before, after))
    apart = math.inf if then is None or now is None else abs(then - now)
    same = before["status"] == after["status"] and apart <= limit
    told = [
        f"{'Within tolerance' if same else 'Different'}: validation accuracy {_percent(then)} then,"
        f" {_percent(now)} now; the tolerance is {100 * limit:.2f} points, {source}.",
        f"What differs of the outcome: {', '.join(key for _, key, *_ in outcome)}.",
        *cause(differences, (before.get("git") or {}).get("commit")),
    ]
    return Comparison(again, "within tolerance" if same else "different", told)


def tolerance(run: Path) -> tuple[float, str]:
    """How far accuracies may be apart, as a fraction, and where that is from.

    The standard deviation over the seeds of the run's variant; for want of two, `study.margin`.
    """
    study = next((folder for folder in run.resolve().parents if (folder / "study.json").is_file()), None)
    if study is not None:
        runs = record.read_study(study)["runs"]
        variant = [planned["variant"] for planned in runs if (study / planned["folder"]).resolve() == run.resolve()]
        alike = [record.read_planned(study, planned) for planned in runs if planned["variant"] in variant]
        found = [(one.get("metrics") or {}).get("val_accuracy") for one in alike if one["status"] == "completed"]
        known = [value for value in found if value is not None]
        if len(known) > 1:
            return statistics.stdev(known), f"the standard deviation over the {len(known)} seeds of its variant"
    margin = OmegaConf.select(record.read_config(run, trusted=True), "study.margin")
    return (margin if schema.number(margin) else 0.0) / 100, "study.margin of its configuration"


def cause(differences: Sequence[Difference], commit: str | None) -> list[str]:
    """The first difference that can explain another outcome."""
    for name, part, keys in CAUSES:
        rows = [row for row in differences if row[0] == part and (not keys or row[1] in keys)]
        if rows:
            listed = "; ".join(f"{key}: {then} then, {now} now" for _, key, then, now in rows[:8])
            files = provenance.changed_since(commit) if name == "code" and commit else ""
            return [f"First cause found: {name}. {listed}.", *([files] if files else [])]
    return ["No cause found: configuration, code, packages, threads, hardware and data are the same."]


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.2f} %"
