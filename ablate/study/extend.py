"""Run a command in an existing study folder: repeat or extend the study, or refuse other changes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.runs import json_file, study_plan
from ablate.runs.config_defaults import changes, paired
from ablate.runs.read_config import read_config
from ablate.runs.study_keys import keys_of
from ablate.runs.study_plan import BASELINE, MarginChange, PlannedRun, StudyPlan
from ablate.study.path import grows
from ablate.study.path_length import check_lengths, limit
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.terminal.text import ABSENT, by_number, first_few, plural

Change = tuple[str, Any, Any]  # key, old value, new value
REPLACED = ".replaced"  # subfolder of a study for the runs that --retrain replaces


def extended(folder: Path, plan: StudyPlan, extend: bool, retrain: bool = False) -> StudyPlan:
    """Merge the new plan with the one in the folder. With other settings and `retrain`, return the new plan alone.

    Args:
        folder: study folder.
        plan: the new plan.
        extend: allow the new plan to add runs.
        retrain: allow other settings; finished runs are then moved to `.replaced/`.

    Raises:
        InputError: the folder contains a study with another baseline or other factors, or changes not allowed here; or
            paths would be too long for Windows.
    """
    check_lengths(folder, [run.folder for run in plan.runs], limit())
    if not (folder / study_plan.FILE).exists():
        return plan
    old, keys = study_plan.read(folder), keys_of(plan.app)
    same_app(folder, old, plan)
    same_baseline(folder, old, plan.baseline)
    same_metric(folder, old, plan)
    same_stages(folder, old, plan)
    same_tuning(folder, old, plan)
    if differing := settings_changes(folder, old, plan):
        if not retrain:
            raise refusal(str(folder), differing, plan.app)
        return plan
    known = {run.folder for run in old.runs}
    new = sum(run.folder not in known for run in plan.runs)
    if old.block != plan.block:
        raise InputError(
            f"{folder} contains a study {f'with the block {old.block}' if old.block else 'without a block'}"
            f" ({old.command}). Choose another {keys.name}."
        )
    if not extend and (new or old.design != plan.design) and not grows(old, plan):
        difference = f"without {new} of the planned runs" if new else f"with the design {old.design}"
        raise InputError(
            f"{folder} contains a study {difference} ({old.command}). Extend it with {keys.extend}, or choose another"
            f" {keys.name}."
        )
    try:
        return msgspec.structs.replace(
            plan,
            factors={name: list(dict.fromkeys([*old.factors[name], *levels])) for name, levels in plan.factors.items()},
            runs=list({run.folder: run for run in [*old.runs, *plan.runs]}.values()),
            seeds=list(dict.fromkeys([*old.seeds, *plan.seeds])) if plan.stages else sorted({*old.seeds, *plan.seeds}),
            settings=plan.settings or old.settings,
            data_varies=plan.data_varies or old.data_varies,
            margin_changes=[*old.margin_changes, *margin_change(folder, old, plan)],
        )
    except ValueError as error:
        raise InputError(
            f"{folder} contains a study ({old.command}) that this command cannot continue, as its runs would be added:"
            f" {error}. Choose another {keys.name}."
        ) from None


def same_app(folder: Path, old: StudyPlan, new: StudyPlan) -> None:
    """Raise InputError if the study in the folder is of another program."""
    programs = [plan.app and Path(plan.app).name for plan in (old, new)]
    if programs[0] != programs[1]:
        whose = programs[0] or "ablate train"
        raise InputError(f"{folder} contains a study of {whose}. Choose another {keys_of(new.app).name}.")


def same_metric(folder: Path, old: StudyPlan, new: StudyPlan) -> None:
    """Raise InputError if a command has another metric than the study in the folder, of which a run has a result."""
    key = keys_of(new.app).metric
    parts = ("name", "direction", "chance", "unit", "scale")  # the margin is in printed units
    pairs = [
        (key if part == "name" else f"{key}.{part}", *(getattr(p.metric, part) for p in (old, new))) for part in parts
    ]
    changed = [change for change in pairs if change[1] != change[2]]
    if changed and any(planned_state(folder, run).has_result for run in old.runs):
        raise InputError(
            f"The metric of {folder} cannot change after its first result: {listed(changed[:1])}. Use the old one, or"
            f" choose another {keys_of(new.app).name}. For an exploratory look at another metric, use ablate report"
            f" {folder} --metric {new.metric.name}"
        )


def same_stages(folder: Path, old: StudyPlan, new: StudyPlan) -> None:
    """Raise InputError if a command changes the stages, their runs or their margin after the first result."""
    if not old.stages and not new.stages:
        return
    known, keys = {run.folder for run in old.runs}, keys_of(new.app)
    changed = [change for change in [(keys.stages, old.stages, new.stages), (keys.margin, old.margin, new.margin)]
               if change[1] != change[2]]  # fmt: skip
    added = sum(run.folder not in known for run in new.runs)
    if not (changed or added) or not any(planned_state(folder, run).has_result for run in old.runs):
        return
    what = listed(changed[:1]) if changed else f"{added} more runs are planned"
    raise InputError(
        f"{folder}: stages, variants and seeds are fixed before the first result, because the error rate of a staged"
        f" study depends on them: {what}. Repeat the old command, or start a new study with another {keys.name}."
    )


def same_tuning(folder: Path, old: StudyPlan, new: StudyPlan) -> None:
    """Raise InputError if a command changes the tuning of a study of which a run has a result."""
    if old.tuning == new.tuning or not any(planned_state(folder, run).has_result for run in old.runs):
        return
    keys = keys_of(new.app)
    raise InputError(
        f"{folder}: the tuned keys, their values and the seeds of the tuning runs are fixed before the first result."
        f" Use the old {keys.tune}, or choose another {keys.name}."
    )


def same_baseline(folder: Path, old: StudyPlan, baseline: Mapping[str, str]) -> None:
    """Raise InputError if a command has another baseline, or other factors, than the study in the folder."""
    if old.baseline == baseline:
        return
    name = keys_of(old.app).name
    differing = listed(_differing(old.baseline, baseline))
    known = all(level in old.factors.get(factor, ()) for factor, level in baseline.items())
    if known and len(old.baseline) == len(baseline):
        first = " ".join(f"{factor}={level},..." for factor, level in old.baseline.items() if level != baseline[factor])
        raise InputError(
            f"{folder} contains a study with another baseline (the first level of each factor): {differing}. No run"
            f" needs retraining: put the old baseline first ({first}), or choose another {name}."
        )
    raise InputError(
        f"{folder} contains a study with another baseline or other factors ({old.command}): {differing}. Choose another"
        f" {name}."
    )


def kept(old: Sequence[PlannedRun], plan: StudyPlan) -> str:
    """A sentence on the runs of a study that a command does not name and that stay in it; empty if there are none."""
    named = {run.folder for run in plan.runs}
    others = [run for run in old if run.folder not in named]
    if not others:
        return ""
    seeds = sorted({run.seed for run in others} - set(plan.seeds))
    what = f"{by_number(len(seeds), 'seed', 'seeds')} {first_few(seeds, 10)}" if seeds else "other levels"
    count, stay = plural(len(others), "more run"), by_number(len(others), "It stays", "They stay")
    return f"The study has {count} ({what}), not named in this command. {stay} in the study and in its report."


def margin_change(folder: Path, old: StudyPlan, new: StudyPlan) -> list[MarginChange]:
    """Return the change of the margin, as a list of one, if it changed after a run had a result; else an empty list."""
    if old.margin == new.margin:
        return []
    results = sum(planned_state(folder, run).has_result for run in old.runs)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return [MarginChange(time=now, before=old.margin, after=new.margin, results=results)] if results else []


def settings_changes(folder: Path, old: StudyPlan, new: StudyPlan) -> list[Change]:
    """List the settings of the baseline that changed; if none did, the variants with other settings."""
    settings = json_file.as_recorded(new.settings)
    if new.app and old.settings and settings:
        return [(key, then, now) for key, then, now in paired(old.settings, settings) if then != now]
    before = OmegaConf.create(old.settings) if old.settings else _recorded(folder, old)
    if before is None or settings is None:
        return []
    try:
        differing = changes(before, OmegaConf.create(settings), seed=False)
    except OmegaConfBaseException:  # an interpolation of a value that was not recorded
        return []
    return differing or _bundle_changes(old, new)


def _recorded(folder: Path, old: StudyPlan) -> DictConfig | None:
    """Read the configuration of a baseline run, for a plan of an earlier version, which lacks it."""
    for run in old.runs:
        if run.variant == BASELINE:
            try:
                return read_config(folder / run.folder)
            except InputError:
                continue
    return None


def _bundle_changes(old: StudyPlan, new: StudyPlan) -> list[Change]:
    """List the variants with other settings although the baseline has the same: a bundle has changed."""
    before, after = ({run.variant: run.settings_sha256 for run in plan.runs} for plan in (old, new))
    if before.get(BASELINE) is None or before.get(BASELINE) != after.get(BASELINE):
        return []  # the old plan is from another version or other code
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
    if value == ABSENT:
        return "absent"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def refusal(what: str, differing: Sequence[Change], app: str | None = None) -> InputError:
    """Return the error for a command that changes the settings of `what`, a study or a finished run."""
    keys = keys_of(app)
    return InputError(
        f"{what} was trained with other settings: {listed(differing)}. Use the old values, or choose another"
        f" {keys.name}, or add {keys.retrain} to move its finished runs to {REPLACED}/ and retrain them."
    )
