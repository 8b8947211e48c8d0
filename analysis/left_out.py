"""The runs with a result that no comparison may use, by name."""

import pandas as pd

from ablate.runs.statuses import NOT_COMPARABLE
from ablate.terminal.text import first_few

NAMED = 12  # runs that a sentence names
REASONS = {
    "other images": "trained on other images than the runs that they would be compared with",
    "other settings": "trained with other settings than the other seeds of their variant",
}


def sentences(runs: pd.DataFrame) -> list[str]:
    """One sentence per reason, with the folders of the runs; empty if all runs are comparable.

    Args:
        runs: The frame of `collect.collect`.
    """
    groups = [(status, runs.loc[runs["status"] == status, "folder"].tolist()) for status in NOT_COMPARABLE]
    return [
        f"Left out, {REASONS[status]} ({status}): {first_few(folders, NAMED)}." for status, folders in groups if folders
    ]
