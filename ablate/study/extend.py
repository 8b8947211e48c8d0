"""A command for a study that exists: the same one, one with added levels or seeds, or another one, which is refused."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.runs import study_plan
from ablate.runs.config_defaults import changes
from ablate.runs.read_config import read_config
from ablate.runs.study_plan import BASELINE, MarginChange, StudyPlan
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import ABSENT, first_few

Change = tuple[str, Any, Any]  # key, old value, new value
REPLACED = ".replaced"  # folder of a study with the runs that were set aside


def extended(folder: Path, plan: StudyPlan, extend: bool, retrain: bool = False) -> StudyPlan:
    """Merge a plan with the one in the folder.

    Args:
        folder: folder of the study.
        plan: the new plan.
        extend: allow additional runs.
        retrain: allow other settings; then the old plan is replaced, and finished runs are set aside.

    Raises:
        InputError: the folder contains a study with other factors, another baseline, other settings, or other runs.
    """
    if not (folder / study_plan.FILE).exists():
        return plan
    old = study_plan.read(folder)
    if old.baseline != plan.baseline:
        raise InputError(
            f"{folder} contains a study with another baseline or other factors ({old.command}):"
            f" {listed(_differing(old.baseline, plan.baseline))}. Choose another study.name."
        )
    if differing := settings_changes(folder, old, plan):
        if not retrain:
            raise refusal(str(folder), differing)
        return plan
    known = {run.folder for run in old.runs}
    new = sum(run.folder not in known for run in plan.runs)
    if not extend and (new or old.design != plan.design):
        difference = f"without {new} of the planned runs" if new else f"with the design {old.design}"
        raise InputError(
            f"{folder} contains a study {difference} ({old.command}). Extend it with --extend, or choose another"
            " study.name."
        )
    return msgspec.structs.replace(
        plan,
        factors={name: list(dict.fromkeys([*old.factors[name], *levels])) for name, levels in plan.factors.items()},
        runs=list({run.folder: run for run in [*old.runs, *plan.runs]}.values()),
        seeds=sorted({*old.seeds, *plan.seeds}),
        settings=plan.settings or old.settings,
        data_varies=plan.data_varies or old.data_varies,
        margin_changes=[*old.margin_changes, *margin_change(folder, old, plan)],
    )


def margin_change(folder: Path, old: StudyPlan, new: StudyPlan) -> list[MarginChange]:
    """The change from the old plan's margin to the new one's, if a planned run has a result; else none."""
    if old.margin == new.margin:
        return []
    results = sum(planned_state(folder, run).has_result for run in old.runs)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [MarginChange(time=now, before=old.margin, after=new.margin, results=results)] if results else []


def settings_changes(folder: Path, old: StudyPlan, new: StudyPlan) -> list[Change]:
    """What the baseline, or for want of a difference another variant, is now trained with that it was not."""
    before = OmegaConf.create(old.settings) if old.settings else _recorded(folder, old)
    if before is None or new.settings is None:
        return []
    try:
        differing = changes(before, OmegaConf.create(new.settings), seed=False)
    except OmegaConfBaseException:  # an interpolation whose value then is not known
        return []
    return differing or _bundle_changes(old, new)


def _recorded(folder: Path, old: StudyPlan) -> DictConfig | None:
    """The recorded configuration of a run of the baseline of an earlier version's plan."""
    for run in old.runs:
        if run.variant == BASELINE:
            try:
                return read_config(folder / run.folder)
            except InputError:
                continue
    return None


def _bundle_changes(old: StudyPlan, new: StudyPlan) -> list[Change]:
    """Variants that are trained with other settings although the baseline is not: a bundle has changed."""
    before, after = ({run.variant: run.settings_sha256 for run in plan.runs} for plan in (old, new))
    if before.get(BASELINE) is None or before.get(BASELINE) != after.get(BASELINE):
        return []  # the plan of another version, or of other code
    both = [variant for variant in before if variant in after and None not in (before[variant], after[variant])]
    different = [variant for variant in both if before[variant] != after[variant]]
    return [(variant, f"settings {before[variant]:.8}", f"settings {after[variant]:.8}") for variant in different]


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    rows = [(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in dict.fromkeys([*old, *new])]
    return [row for row in rows if row[1] != row[2]]


def listed(differing: Sequence[Change]) -> str:
    """`trainer.epochs was 2, now 3`, for each change."""
    return first_few([f"{key} was {_text(before)}, now {_text(now)}" for key, before, now in differing], 5)


def _text(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def refusal(what: str, differing: Sequence[Change]) -> InputError:
    """The refusal of a command that changes the settings of `what`, a study or a finished run."""
    return InputError(
        f"{what} was trained with other settings: {listed(differing)}. Give the old values, or another study.name;"
        f" or say --retrain to move its finished runs to {REPLACED}/ and train them again."
    )
