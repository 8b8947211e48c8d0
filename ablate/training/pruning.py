"""Optuna's study of a hyperparameter search, and the pruning of unpromising runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate

from ablate.config import user_code
from ablate.config.messages import unwrapped
from ablate.runs.metric import Metric
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import optuna


def open_study(folder: Path, settings: dict[str, Any], metric: Metric) -> "optuna.Study":
    """Create the Optuna study in `folder`, or resume it.

    Args:
        folder: folder of the ablate study.
        settings: `sampler` and `pruner`, each with the `_target_` of an Optuna class.
        metric: that of the study.
    """
    import optuna

    user_code.make_importable(settings)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage(folder),
        study_name="tune",
        direction="maximize" if metric.direction == "max" else "minimize",
        pruner=_built("pruner", settings["pruner"]) if settings["pruner"] else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )
    sampler = settings["sampler"]
    # With the same seed, a resumed search would draw its first trials again.
    seed = sampler.get("seed")
    shifted = {"seed": seed + len(study.trials)} if isinstance(seed, int) else {}
    study.sampler = _built("sampler", sampler, **shifted)
    return study


def _built(part: str, settings: Any, **changes: Any) -> Any:
    """Build the sampler or the pruner; InputError if Optuna refuses its arguments."""
    try:
        return instantiate(settings, **changes)
    except Exception as error:  # Optuna raises many kinds
        text = " ".join(str(unwrapped(error)).split())
        raise InputError(f"hydra.sweeper.{part} is not valid: {text}.") from error


def storage(folder: Path) -> "optuna.storages.JournalStorage":
    """Return the storage of a study: a file that several processes can write to, also on a shared file system."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(folder / "optuna.log")))


class Pruner:
    """A logger that reports the metric of each epoch to Optuna and stops an unpromising run.

    Args:
        folder: folder of the study.
        trial: number of the trial that the run is.
        settings: see `open_study`.
        epochs: planned epochs of the run.
        metric: that of the study, a column of metrics.csv.
    """

    def __init__(self, folder: Path, trial: int, settings: dict[str, Any], epochs: int, metric: Metric) -> None:
        import optuna

        study = open_study(folder, settings, metric)
        self.epochs, self.metric = epochs, metric.name
        self.trial = optuna.Trial(study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, trial))
        self.reported = study.get_trials(deepcopy=False)[trial].last_step or 0  # epochs, before the run was resumed

    def log(self, row: dict[str, float]) -> None:
        """Report the metric of an epoch. Raises Pruned if the run should stop.

        Optuna judges a trial by its last epoch, so that earlier epochs of a resumed run are not judged again.
        """
        if row["epoch"] > self.reported:
            self.trial.report(row[self.metric], int(row["epoch"]))
        if self.reported <= row["epoch"] < self.epochs and self.trial.should_prune():
            raise Pruned(row)

    def close(self, result: dict[str, float] | None) -> None:
        """Do nothing."""


class Pruned(Exception):
    """Raised to stop an unpromising run. `row` has the metrics of its last epoch."""

    def __init__(self, row: dict[str, float]) -> None:
        super().__init__(row)
        self.row = row
