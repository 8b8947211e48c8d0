"""Carry out a study phase by phase: the tuning of its variants, then its runs, in rounds for an ablation path."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from ablate.runs.tuning import TuningPlan
from ablate.study import retune
from ablate.study.path import PATH
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.stages import Decide
from ablate.study.tuned_runs import Phase


def run(
    config: DictConfig,
    tuning: TuningPlan | None,
    compose: Callable[[Phase], ComposedStudy],
    start: Callable[[DictConfig], Launcher],
    launcher: Launcher,
    sweep: Callable[..., None],
    decide: Decide,
    extend: bool,
    retrain: bool,
) -> None:
    """Tune the variants that have no setting yet, then run the study.

    Args:
        config: of the study, with its folder in `hydra.sweep.dir`.
        tuning: how variants are tuned; None: they are not.
        compose: composes the runs of a phase.
        start: creates the launcher of the tuning, from its configuration.
        launcher: of the study.
        sweep: `ablate.study.sweeper.sweep` with its other settings: takes a study, a launcher and a folder, and
            raises its errors.
        decide: which variants a planned look decides.
        extend, retrain: see `ablate.study.sweeper.sweep`.
    """

    sweep = partial(sweep, extend=extend, retrain=retrain)

    def sweep_tuning(study: ComposedStudy) -> None:
        tuning_config = retune.in_tuning(config)
        sweep(study, start(tuning_config), Path(tuning_config.hydra.sweep.dir))

    folder = Path(config.hydra.sweep.dir)
    phase = retune.tune(folder, tuning, compose, sweep_tuning, extend, retrain)
    for study in rounds(partial(compose, phase)):
        sweep(study, launcher, folder, decide=decide)


def rounds(compose: Callable[[], ComposedStudy]) -> Iterator[ComposedStudy]:
    """Yield a composed study, and that of an ablation path again after each round, until a round adds no variant."""
    study = compose()
    yield study
    while study.plan.design == PATH:
        later = compose()
        if {run.folder for run in later.plan.runs} == {run.folder for run in study.plan.runs}:
            return
        study = later
        yield study
