"""Learning curves of runs of other Hydra apps, from the newest `metrics.csv` below each run's folder."""

from pathlib import Path

import pandas as pd

from ablate.analysis import collect
from ablate.app import results
from ablate.runs.statuses import RESULTS


def curves(folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run and epoch: variant, seed, status, and the numbers of the run's metrics.csv.

    Args:
        folder: of the study or multirun; the folders of `runs` are below it.
        runs: frame of `collect`.
    """
    rows = []
    for run in runs[runs["status"].isin(RESULTS)].itertuples(index=False):
        place = {"variant": run.variant, "seed": run.seed, "status": run.status}
        for path in results.newest_csv(folder / run.folder):
            rows += [place | epoch for epoch in results.epochs(path) if "epoch" in epoch]
    return pd.concat([collect.no_curves(), pd.DataFrame(rows)]) if rows else collect.no_curves()
