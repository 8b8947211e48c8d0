"""The author's labels and order of the variants, applied to the frame of runs."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ablate.analysis import collect
from ablate.analysis.author.settings import Settings
from ablate.runs.study_plan import BASELINE
from ablate.runs.valid_names import is_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

LONGEST = 120  # characters of a label


def apply(runs: pd.DataFrame, settings: Settings, path: Path, planned: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Label and sort the runs, the baseline first.

    Args:
        runs: frame of `collect.collect`.
        settings: a variant is named by its folder, or as tables name it.
        path: of the settings, for errors.
        planned: {folder of a run: variant} with the planned baseline, if the frame has another one.

    Returns:
        The frame with the column `collect.LABEL`, if any variant has one, in the order of the settings.

    Raises:
        InputError: a name is of no variant, or names one twice; a label is empty, not printable, or that of another.
    """
    names = {label: variant for variant, label in collect.labels(runs).items()}
    names |= {variant: variant for variant in runs["variant"]}
    if planned is not None:
        pairs = zip(runs["folder"], runs["variant"], strict=True)
        now = {planned[folder]: variant for folder, variant in pairs if folder in planned}
        names |= {name.replace("+", ", "): variant for name, variant in now.items()} | now
    labels = _labels(settings.labels, names, path)
    order = _variants(settings.order, names, path, "order")
    if labels:
        shown = {variant: labels.get(variant, label) for variant, label in collect.labels(runs).items()}
        _check_distinct(shown, path)
        runs = runs.assign(**{collect.LABEL: runs["variant"].map(shown)})
    if order:
        rank = {variant: place for place, variant in enumerate([BASELINE, *order])}
        places = runs["variant"].map(lambda variant: rank.get(variant, len(rank)))
        runs = runs.iloc[places.argsort(kind="stable")].reset_index(drop=True)
    return runs


def _labels(labels: Mapping[str, str], names: Mapping[str, str], path: Path) -> dict[str, str]:
    """{variant: label}."""
    for name, label in labels.items():
        if not is_name(label) or not label.strip() or len(label) > LONGEST:
            raise InputError(
                f"{path}: the label of {name!r:.80} must be one line of printable text of at most {LONGEST} characters."
            )
    return dict(zip(_variants(labels, names, path, "labels"), labels.values(), strict=True))


def _variants(given: Mapping[str, str] | list[str], names: Mapping[str, str], path: Path, key: str) -> list[str]:
    """The variant of each name."""
    variants: list[str] = []
    for name in given:
        if name not in names:
            raise InputError(
                f"{path}: {key} names {name!r:.80}, which is no variant of the study.{did_you_mean(name, names)}"
            )
        if names[name] in variants:
            raise InputError(f"{path}: {key} names the variant {names[name]} twice.")
        variants.append(names[name])
    return variants


def _check_distinct(labels: Mapping[str, str], path: Path) -> None:
    variant_of: dict[str, str] = {}
    for variant, label in labels.items():
        if label in variant_of:
            raise InputError(f"{path}: {variant_of[label]} and {variant} would both be labeled {label!r}.")
        variant_of[label] = variant
