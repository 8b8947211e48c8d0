"""Which runs `ablate test` evaluates: those that are named, and those of studies."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ablate.runs import run_record, study_plan, test_log
from ablate.runs.stages import due_plan
from ablate.study.comparable import planned_states
from ablate.study.selection import Choice, choose
from ablate.terminal.errors import InputError


@dataclass
class Chosen:
    """The runs to test.

    Attributes:
        folders: of the runs, without duplicates.
        studies: folders of the studies that were named.
        choices: the selected variant of each study.
        holes: a sentence on each run of a study that cannot be tested.
    """

    folders: list[Path] = field(default_factory=list)
    studies: list[Path] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)


def to_test(
    paths: Sequence[Path], allow_partial: bool, every_variant: bool = False, with_holes: bool = False
) -> Chosen:
    """Find the runs to test.

    Args:
        paths: folders of runs and studies.
        allow_partial: select the best variant of a study even if runs have no result.
        every_variant: test all variants of a study instead of the best one and the baseline; its runs that are not
            completed, or have no weights, are holes.
        with_holes: also without `every_variant`, runs without weights are holes; else testing them fails.

    Raises:
        InputError: no variant of a study can be selected, a run that is named is not completed, or nothing is left.
            No run has been tested then.
    """
    from ablate.evaluation.trained_model import completed

    chosen, runs = Chosen(), list[Path]()
    for path in paths:
        study = study_plan.find(path)
        if (study / study_plan.FILE).exists():
            chosen.studies.append(study)
            runs += _of_study(study, chosen, allow_partial, every_variant, with_holes)
        elif os.path.lexists(path / run_record.FILE):
            runs.append(path)
        else:
            raise InputError(f"{path} is neither a run nor a study: it has no run.json and no study.json.")
    for folder in runs:
        completed(folder)
        test_log.count_uses(folder)
    once: dict[Path, Path] = {}
    for folder in runs:
        once.setdefault(folder.resolve(), folder)
    chosen.folders = list(once.values())
    if not runs:
        raise InputError(" ".join(["No run can be tested.", *chosen.holes[:5]]))
    return chosen


def _of_study(study: Path, chosen: Chosen, partial: bool, every_variant: bool, with_holes: bool) -> list[Path]:
    """The runs of a study to test; adds the selected variant and the holes to `chosen`."""
    if not every_variant:
        choice = choose(study, partial)
        chosen.choices.append(choice)
        runs = [run for seeds in choice.runs.values() for run in seeds.values()]
        return _with_weights(runs, chosen.holes) if with_holes else runs
    with suppress(InputError):  # all variants can be tested before one can be selected
        chosen.choices.append(choose(study, partial))
    plan = due_plan(study)
    runs = []
    for run, state in zip(plan.runs, planned_states(study, plan), strict=True):
        if state.status == "completed":
            runs.append(study / run.folder)
        else:
            chosen.holes.append(f"Not tested: {study / run.folder} is not completed ({state.status}).")
    return _with_weights(runs, chosen.holes)


def _with_weights(runs: Sequence[Path], holes: list[str]) -> list[Path]:
    """The runs that have weights; adds a sentence on each other one to the holes."""
    holes += [f"Not tested: {run} has no weights (model.pt)." for run in runs if not (run / "model.pt").exists()]
    return [run for run in runs if (run / "model.pt").exists()]
