"""What a variant's configuration has that the baseline's has not, key by key: what a level's name stands for."""

from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import collect
from ablate.config.flatten import flat
from ablate.runs.config_hash import NOT_TRAINED
from ablate.runs.differences import differing
from ablate.runs.read_config import read_config
from ablate.terminal.errors import InputError
from ablate.terminal.text import without_home

NOT_COMPARED = ("seed", *NOT_TRAINED)


def changes(study_folder: Path, runs: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """Columns variant, key, baseline, value: the keys in which each of `variants` differs, in the order of the keys.

    Read from the recorded configuration of a run of each; a variant without a readable one has no rows.
    """
    base, rows = _settings(study_folder, runs, collect.BASELINE), []
    for variant in variants:
        own = _settings(study_folder, runs, variant)
        if base is None or own is None or variant == collect.BASELINE:
            continue
        rows += [(variant, *map(without_home, change)) for change in differing(base, own)]
    return pd.DataFrame(rows, columns=["variant", "key", "baseline", "value"])


def _settings(study_folder: Path, runs: pd.DataFrame, variant: str) -> dict[str, Any] | None:
    """The configuration of the first run of a variant that has a readable one, its keys joined with dots."""
    for folder in runs.loc[(runs["variant"] == variant) & (runs["status"] != "stale"), "folder"]:
        try:
            recorded = read_config(Path(study_folder) / folder, trusted=True)  # nothing of it is evaluated
            settings = flat(recorded, resolve=False)
            return {key: value for key, value in settings.items() if key.split(".")[0] not in NOT_COMPARED}
        except (InputError, ValueError):  # OmegaConf's errors are ValueErrors or derive from Exception
            continue
    return None
