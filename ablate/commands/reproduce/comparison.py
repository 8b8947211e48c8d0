"""Compare a run with its retrained copy: identical, within tolerance, or different, with the first cause."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from ablate.config import weights
from ablate.evaluation import predicted_metrics
from ablate.runs import provenance, run_record, study_plan
from ablate.runs.differences import Difference, diff
from ablate.runs.read_config import read_config
from ablate.study.comparable import planned_states

IDENTICAL = "Identical: metrics.csv (times aside), val_predictions.npz and model.pt, bit for bit."
PLACES = ("data.root", *weights.FLAGS)  # may have moved; the content has its own hash
# Possible causes of different results, in the order of the checks: name, part of a difference, keys (none: all).
CAUSES = (
    ("configuration", "configuration", ()),
    ("code", "code", ("code_sha256", "own_code")),
    ("packages", "environment", ("python", *provenance.PACKAGES, "default_weights")),
    ("number of threads", "environment", ("threads",)),
    ("hardware", "environment", ("platform", "cpu", "device", "precision")),
    ("an interruption, after which it resumed elsewhere", "environment", ("earlier",)),
    ("data", "environment", ("data_sha256",)),
)


@dataclass(frozen=True)
class Comparison:
    """A run trained `again`, the verdict (identical, within tolerance, different), and its reasons, a line each."""

    again: Path
    verdict: str
    summary: list[str]


def compare(run: Path, again: Path) -> Comparison:
    """Compare a run with its retrained copy `again`; find the first cause if they are not identical."""
    differences = diff(run, again)
    settings = [row for row in differences if row[0] == "configuration" and row[1] not in PLACES]
    if settings:
        rows = "; ".join(f"{key}: {then} then, {now} now" for _, key, then, now in settings[:8])
        return Comparison(again, "different", [f"Different: the copy was trained with another configuration. {rows}."])
    # Metrics that follow from val_predictions.npz are recorded for a study; the file itself is compared.
    results = [row for row in differences if row[0] == "results" and row[1] not in predicted_metrics.METRICS]
    if not results:
        return Comparison(again, "identical", [IDENTICAL])
    before, after = (run_record.read(folder) for folder in (run, again))
    limit, source = tolerance(run)
    then, now = before.val_accuracy, after.val_accuracy
    apart = math.inf if then is None or now is None else abs(then - now)
    same = before.status == after.status and apart <= limit
    summary = [
        f"{'Within tolerance' if same else 'Different'}: validation accuracy {_percent(then)} then,"
        f" {_percent(now)} now; the tolerance is {100 * limit:.2f} points, {source}.",
        f"Results that differ: {', '.join(key for _, key, *_ in results)}.",
        *cause(differences, before.commit),
    ]
    return Comparison(again, "within tolerance" if same else "different", summary)


def tolerance(run: Path) -> tuple[float, str]:
    """Return the largest accepted difference in accuracy, as a fraction, and its source.

    It is the standard deviation over the seeds of the run's variant, or `study.margin` with fewer than two seeds.
    """
    study = study_plan.containing(run)
    if study is not None:
        plan = study_plan.read(study)
        variant = [planned.variant for planned in plan.runs if (study / planned.folder).resolve() == run.resolve()]
        known = zip(plan.runs, planned_states(study, plan), strict=True)
        states = [state for planned, state in known if planned.variant in variant]
        accuracies = [state.value("val_accuracy") for state in states if state.status == "completed"]
        values = [accuracy for accuracy in accuracies if accuracy is not None]
        if len(values) > 1:
            return statistics.stdev(values), f"the standard deviation over the {len(values)} seeds of its variant"
    margin = OmegaConf.select(read_config(run, trusted=True), "study.margin")
    return (margin if isinstance(margin, (int, float)) else 0.0) / 100, "study.margin of its configuration"


def cause(differences: Sequence[Difference], commit: str | None) -> list[str]:
    """Report the first difference that can explain different results."""
    for name, part, keys in CAUSES:
        rows = [row for row in differences if row[0] == part and row[1] not in PLACES and (not keys or row[1] in keys)]
        if rows:
            listed = "; ".join(f"{key}: {then} then, {now} now" for _, key, then, now in rows[:8])
            files = provenance.changed_since(commit) if name == "code" and commit else ""
            return [f"First cause found: {name}. {listed}.", *([files] if files else [])]
    return ["No cause found: configuration, code, packages, threads, hardware and data are the same."]


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.2f} %"
