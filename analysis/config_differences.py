"""Which configuration keys differ between a variant and the baseline."""

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf.errors import OmegaConfBaseException

from ablate.analysis import collect
from ablate.config.flatten import flat
from ablate.runs.config_defaults import with_defaults
from ablate.runs.config_hash import NOT_TRAINED
from ablate.runs.differences import differing
from ablate.runs.read_config import read_config
from ablate.runs.statuses import NOT_COMPARABLE
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home

NOT_COMPARED = ("seed", *NOT_TRAINED)


def changes(study_folder: Path, runs: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """List the configuration keys in which variants differ from the baseline.

    Reads the recorded configuration of one run per variant. A variant without a readable one has no rows.

    Args:
        study_folder: The study.
        runs: The frame of `collect.collect`.
        variants: The variants to compare.

    Returns:
        A frame with one row per variant and key: variant, key, baseline, value (both values as text).
    """
    baseline, rows = _settings(study_folder, runs, collect.BASELINE), []
    for variant in variants:
        settings = _settings(study_folder, runs, variant)
        if baseline is None or settings is None or variant == collect.BASELINE:
            continue
        rows += [(variant, *map(without_home, change)) for change in differing(baseline, settings)]
    return pd.DataFrame(rows, columns=["variant", "key", "baseline", "value"])


def readable(key: str, *values: str) -> tuple[str, ...]:
    """A configuration key and its values as people name them: `model`, `CNN` for `model._target_`, `ablate.model.CNN`.

    Classes of one name in several modules keep their modules.
    """
    if not key.endswith("._target_"):
        return key, *values
    names = [value.rpartition(".")[2] for value in values]
    return key.removesuffix("._target_"), *(names if len({*names}) == len({*values}) else values)


def _settings(study_folder: Path, runs: pd.DataFrame, variant: str) -> dict[str, Any] | None:
    """{dotted key: value} of the first run of a variant with a readable configuration."""
    for folder in runs.loc[(runs["variant"] == variant) & ~runs["status"].isin(("stale", *NOT_COMPARABLE)), "folder"]:
        try:
            recorded = read_config(Path(study_folder) / folder, trusted=True)  # no part of it is evaluated
            settings = flat(with_defaults(recorded), resolve=False)  # earlier versions lack newer keys
            return {key: value for key, value in settings.items() if key.split(".")[0] not in NOT_COMPARED}
        except (InputError, ValueError, OmegaConfBaseException):
            continue
    return None
