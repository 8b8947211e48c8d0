"""Tune each variant of a study with the same budget, before it is run with its best setting on the study's seeds.

1. All settings of all variants are run on the tuning seeds, as a study of its own in the folder `tuning`.
2. The best setting of each variant, by the mean of the metric, is chosen once and recorded.
3. Each variant is run with its setting on the seeds of the study.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate.runs import study_plan, tuning
from ablate.runs.study_plan import StudyPlan
from ablate.runs.tuning import Setting, TuningPlan
from ablate.study.extend import extended
from ablate.study.leftovers import set_file_aside
from ablate.study.plan_of_command import ComposedStudy
from ablate.study.selection import value_of
from ablate.study.status import planned_state
from ablate.study.tuned_runs import NOT_TUNED, Phase
from ablate.terminal.text import plural

log = logging.getLogger(__name__)


def chosen_phase(folder: Path, plan: TuningPlan | None) -> Phase:
    """The runs on the study's seeds, with the settings chosen so far, and the first setting where none was chosen."""
    return Phase(plan, tuning.read_chosen(folder, plan)) if plan else NOT_TUNED


def tune(
    folder: Path,
    plan: TuningPlan | None,
    compose: Callable[[Phase], ComposedStudy],
    sweep: Callable[[ComposedStudy], None],
    extend: bool = False,
    retrain: bool = False,
) -> Phase:
    """Tune the variants that have no setting yet; with `retrain`, all of them if tuning runs had another configuration.

    Args:
        folder: of the study.
        plan: how variants are tuned; None: they are not.
        compose: composes the runs of a phase.
        sweep: runs the study of the tuning; SystemExit if runs have no result.
        extend, retrain: as for the sweep.

    Returns:
        The runs on the study's seeds, with the chosen settings.

    Raises:
        InputError: the folder contains another study.
    """
    phase = chosen_phase(folder, plan)
    if plan is None or phase.chosen is None:
        return phase
    main = compose(phase).plan  # refused before anything is trained
    extended(folder, main, extend, retrain)  # the same
    tuned = compose(Phase(plan, None)) if retrain else None
    variants = {run.variant: run.factors for run in main.runs}
    if tuned and is_stale(folder / tuning.FOLDER, tuned.plan):
        with choosing(folder / tuning.FOLDER):
            set_file_aside(folder / tuning.FOLDER, tuning.FILE)
    if not variants.keys() <= tuning.read_chosen(folder, plan).keys():
        log.info("%s", *describe(main))
        sweep(tuned or compose(Phase(plan, None)))
        choose(folder, variants)
    return chosen_phase(folder, plan)


def choosing(study: Path) -> FileLock:
    """The lock of the chosen settings in the folder of the tuning."""
    return FileLock(study / f".{tuning.FILE}.lock")


def is_stale(study: Path, plan: StudyPlan) -> bool:
    """Whether the folder of the tuning holds a run of another configuration than planned."""
    return any(planned_state(study, run).status == "stale" for run in plan.runs)


def in_tuning(config: DictConfig) -> DictConfig:
    """The configuration of a study with the folder of its tuning."""
    copied = config.copy()
    OmegaConf.copy_cache(from_config=config, to_config=copied)  # for a name with the current time
    with open_dict(copied):
        copied.hydra.sweep.dir = str(Path(config.hydra.sweep.dir) / tuning.FOLDER)
    return copied


def describe(study: StudyPlan) -> list[str]:
    """The size of the tuning of a study, in a sentence; empty if it has none."""
    if study.tuning is None or study.design == tuning.DESIGN:
        return []
    variants = len({run.variant for run in study.runs})
    settings, seeds = len(study.tuning.settings), len(study.tuning.seeds)
    return [
        f"Tuning of {', '.join(study.tuning.keys)}: {plural(settings, 'setting')} of"
        f" {'each of ' if variants > 1 else ''}{plural(variants, 'variant')} on {plural(seeds, 'seed')},"
        f" {plural(settings * variants * seeds, 'run')} in {tuning.FOLDER}/."
    ]


def choose(folder: Path, variants: Mapping[str, Mapping[str, str]]) -> None:
    """Choose the setting of each variant that has none, and record it. Another process may run the same study.

    Args:
        folder: of the study.
        variants: {variant: level of each factor}.
    """
    study = folder / tuning.FOLDER
    tuned = study_plan.read(study)
    assert tuned.tuning is not None  # `tune` has planned it
    with choosing(study):
        chosen = tuning.read_chosen(folder, tuned.tuning)
        for variant, levels in variants.items():
            if variant not in chosen:
                chosen[variant] = best_setting(study, tuned, levels)
                log.info("%s: tuned to %s", variant, " ".join(f"{key}={one}" for key, one in chosen[variant].items()))
        tuning.write_chosen(folder, chosen)


def best_setting(study: Path, tuned: StudyPlan, levels: Mapping[str, str]) -> Setting:
    """The setting of a variant with the best mean of the metric over the tuning seeds; of equal ones, the first.

    A setting that completed on fewer seeds, because runs diverged, is worse than any that completed on more.

    Args:
        study: folder of the tuning.
        tuned: its plan.
        levels: of the variant.
    """
    assert tuned.tuning is not None

    def quality(setting: Setting) -> tuple[int, float]:
        runs = [run for run in tuned.runs if run.factors == {**levels, **setting}]
        states = [(run, planned_state(study, run)) for run in runs]
        values = [
            value_of(study / run.folder, state, tuned.metric) for run, state in states if state.status == "completed"
        ]
        return len(values), tuned.metric.sign * sum(values) / max(1, len(values))

    return max(tuned.tuning.settings, key=quality)
