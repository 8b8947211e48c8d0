"""Start runs and studies, or plan them: `train`, `plan` and `reproduce`."""

from typing import TYPE_CHECKING, Any

from ablate.api.child_process import call
from ablate.api.overrides import to_overrides
from ablate.api.paths import PathLike, run_folder
from ablate.api.resolve import Plan, resolve
from ablate.api.run import Run
from ablate.api.study import Study
from ablate.terminal.errors import RunFailed

if TYPE_CHECKING:
    from ablate.commands.reproduce.comparison import Comparison


def train(*overrides: str, config_dir: PathLike | None = None, **settings: Any) -> Run | Study:
    """Train one run, or a study. The results equal those of `ablate train` bit for bit.

    Args:
        *overrides: Hydra overrides as strings, as on the command line: `train("data=digits", "seed=1")`.
        config_dir: folder with your own config options.
        **settings: overrides as keyword arguments: `train(data="digits", **{"optimizer.lr": 0.1})`. A list or a range
            is a sweep, which makes it a study; the baseline has the first value of each:
            `train("study.name=norm", normalization=["batch", "none"], seed=range(3))`. A tuple is one value that is
            a list: `augmentation=("flip_crop", "cutout")`.

    Returns:
        The finished run, or the study.

    Raises:
        InputError: the configuration is invalid, or the data cannot be loaded.
        RunFailed: a run ended without a result.
    """
    planned = resolve(to_overrides(overrides, settings), config_dir)
    if planned.config is None:
        call("train", planned.command)
        return Run(planned.folder)
    try:
        call("train", planned.command)
    except RunFailed:
        raise RunFailed(
            f"Some runs of {planned.folder} have no result; see the messages above. Call `train` again to retry them."
            f" status({planned.folder.name!r}) returns the study with the finished runs."
        ) from None
    return Study(planned.folder)


def plan(
    *overrides: str, config_dir: PathLike | None = None, probe: bool = False, power: bool = False, **settings: Any
) -> Plan:
    """Return the runs that `train` would start with the same arguments. Starts nothing.

    Args:
        *overrides: as for `train`.
        config_dir: as for `train`.
        probe: also time a few training steps of each variant and print an estimate of the time.
        power: also print the smallest difference that the study detects with 80 % power.
        **settings: as for `train`.

    Raises:
        InputError: the configuration of a planned run is invalid, or it is a single run.
    """
    planned = resolve(to_overrides(overrides, settings), config_dir)
    if probe or power:
        flags = [flag for flag, enabled in {"--probe": probe, "--power": power}.items() if enabled]
        call("plan", [*flags, *planned.command])
    return planned.plan()


def reproduce(
    run: PathLike | Run,
    from_commit: bool = False,
    trust: bool = False,
    data_root: PathLike | None = None,
    weights: PathLike | None = None,
    teacher: PathLike | Run | None = None,
) -> "Comparison":
    """Retrain a run in a new folder and compare the results bit for bit.

    Args:
        run: folder of the run.
        from_commit: train with the code of the run's git commit, instead of the installed code.
        trust: run code outside this package that the run's configuration names.
        data_root: the image folder, if it has moved.
        weights: the file of its pretrained weights, if it has moved.
        teacher: the teacher of its distillation, if it has moved.

    Returns:
        The comparison; its `verdict` is identical, within tolerance or different.

    Raises:
        InputError: the run is not completed, or cannot be retrained.
    """
    from ablate.commands.reproduce.retrain import reproduce

    moved = {
        "model.weights": str(weights) if weights is not None else None,
        "loss.teacher": str(run_folder(teacher)) if teacher is not None else None,
    }
    return reproduce(run_folder(run), from_commit, trust, str(data_root) if data_root is not None else None, moved)
