"""The search a run is a trial of, and the end of a run that is not worth the rest of its epochs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate

if TYPE_CHECKING:
    import optuna


def opened(folder: Path, settings: dict[str, Any]) -> "optuna.Study":
    """The search of the study in `folder`; one that is there is gone on with."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage(folder),
        study_name="tune",
        direction="maximize",
        pruner=instantiate(settings["pruner"]),
        load_if_exists=True,
    )
    sampler = settings["sampler"]
    # A search that goes on must not draw again what it drew at first.
    moved = {"seed": sampler["seed"] + len(study.trials)} if sampler.get("seed") is not None else {}
    study.sampler = instantiate(sampler, **moved)
    return study


def storage(folder: Path) -> "optuna.storages.JournalStorage":
    """A file that processes on one machine, or on a shared file system, write to together."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(folder / "optuna.log")))


class Pruner:
    """A logger that reports each epoch's validation accuracy to the search, and ends a run that falls behind.

    Raises:
        Pruned: from `log`.
    """

    def __init__(self, folder: Path, trial: int, settings: dict[str, Any], epochs: int) -> None:
        import optuna

        study = opened(folder, settings)
        self.epochs = epochs
        self.trial = optuna.Trial(study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, trial))

    def log(self, row: dict[str, float]) -> None:
        """Report the epoch."""
        self.trial.report(row["val_accuracy"], int(row["epoch"]))
        if row["epoch"] < self.epochs and self.trial.should_prune():
            raise Pruned(row)

    def close(self, result: dict[str, float] | None) -> None:
        """Nothing is held."""


class Pruned(Exception):
    """A search has ended the run after the epoch of this row."""

    def __init__(self, row: dict[str, float]) -> None:
        super().__init__(row)
        self.row = row
