"""Learning curves of runs of other Hydra apps, from the newest `metrics.csv` below each run's folder."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis import collect
from ablate.runs.statuses import RESULTS
from ablate.study.app import results
from ablate.terminal.errors import InputError

log = logging.getLogger(__name__)
MOST_EPOCHS = 200_000  # of all runs


def curves(folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run and epoch: variant, seed, status, and the numbers of the run's metrics.csv.

    Args:
        folder: of the study or multirun; the folders of `runs` are below it.
        runs: frame of `collect`.
    """
    rows: list[dict[str, Any]] = []
    for run in runs[runs["status"].isin(RESULTS)].itertuples(index=False):
        place = {"variant": run.variant, "seed": run.seed, "status": run.status}
        with suppress(InputError):  # too large; the metrics are from another file
            for path in results.newest_csv(folder / run.folder):
                rows += [place | epoch for epoch in results.epochs(path) if "epoch" in epoch]
        if len(rows) > MOST_EPOCHS:
            log.warning("No learning curves: %s has more than %s epochs.", folder, f"{MOST_EPOCHS:,}")
            return collect.no_curves()
    return pd.concat([collect.no_curves(), pd.DataFrame(rows)]) if rows else collect.no_curves()
