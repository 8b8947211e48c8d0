"""The runs: configurations, classes, and those that are not completed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ablate.analysis import collect
from ablate.analysis.config_differences import readable
from ablate.analysis.formats import DASH, number
from ablate.analysis.image_correctness import Predictions
from ablate.analysis.tables.table import Table

LISTED = 30  # classes whose number of images a note states


def changes(differences: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """The configuration keys in which each variant differs from the baseline."""
    rows = [(labels[row.variant], *readable(row.key, row.baseline, row.value)) for row in differences.itertuples()]
    cells = pd.DataFrame(rows, columns=["Variant", "Setting", "Baseline", "Value"])
    return Table("What each variant changes", cells, variants=tuple(differences["variant"]))


def classes(differences: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """`image_correctness.class_differences` as text: the baseline in percent, the others in points from it."""
    first, *others = differences.index
    rows = [[f"{labels[first]} (%)", *(number(value, 1) for value in differences.loc[first])]]
    rows += [
        [f"{labels[name]} (points)", *(number(value, 1, sign="+") for value in differences.loc[name])]
        for name in others
    ]
    return pd.DataFrame(rows, columns=["Variant", *differences.columns])


def classes_note(predictions: Predictions) -> str:
    """The number of images of each class."""
    images = np.bincount(predictions.labels, minlength=len(predictions.classes))
    if len(images) > LISTED:
        return f"Validation images of each class: {images.min():,} to {images.max():,}."
    counts = (f"{name}: {count:,}" for name, count in zip(predictions.classes, images, strict=True))
    return f"Validation images of each class: {', '.join(counts)}."


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Each run that is not completed, as text, with the last line of its error."""
    lost = runs[runs["status"] != "completed"]
    return pd.DataFrame(
        {
            "Variant": lost["variant"].map(collect.labels(runs)),
            "Seed": lost["seed"].astype(str),
            "Status": lost["status"],
            "Epochs done": lost["epochs"].astype("string").fillna(DASH),
            "Error": [_last_line(error) for error in lost["error"]],
            "Folder": lost["folder"],
        }
    ).reset_index(drop=True)


def _last_line(error: str, width: int = 100) -> str:
    """The last line of an error's text, cut to `width` characters."""
    lines = error.strip().splitlines() or [DASH]
    return lines[-1] if len(lines[-1]) <= width else lines[-1][: width - 1] + "…"
