"""The run that stands for a study, chosen by validation accuracy alone."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from ablate import record
from ablate.errors import InputError

RULE = "of the variant with the highest mean validation accuracy over its seeds, the run with the highest"


def chosen(study: Path, planned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The one of the planned runs in the folder `study` that `RULE` names; the first in the plan where two are equal.

    A run that ended without an accuracy counts as 0 in its variant's mean; only a completed one is chosen.

    Raises:
        InputError: no run is completed.
    """
    variants: dict[str, list[float]] = defaultdict(list)
    completed = []
    for run in planned:
        found = record.read_planned(study, run)
        accuracy = (found.get("metrics") or {}).get("val_accuracy") or 0.0
        if found["status"] in record.OUTCOMES:
            variants[run["variant"]].append(accuracy)
        if found["status"] == "completed":
            completed.append((run, accuracy))
    if not completed:
        raise InputError(f"{study} has no completed run to choose from. Run the study's `ablate train` command again.")
    return max(completed, key=lambda pair: (mean(variants[pair[0]["variant"]]), pair[1]))[0]
