"""Which runs of a study can be compared: those on the same images, with equal settings within each variant."""

import json
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ablate.runs.config_defaults import with_defaults
from ablate.runs.config_hash import ordered, written
from ablate.runs.metric import FROM_PREDICTIONS, LARGEST, Metric
from ablate.runs.read_config import read_config
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan, data_varies
from ablate.study.status import PlannedState, planned_state
from ablate.terminal.errors import InputError

IMAGES = "Trained on other images than the runs that it would be compared with (data_sha256 differs)."
SETTINGS = "Trained with other settings than the other seeds of its variant."


def planned_states(study: Path, plan: StudyPlan) -> list[PlannedState]:
    """The state of each planned run, in the order of the plan.

    A run with a result has the status `other settings` if it differs from the other seeds of its variant in more than
    the seed, and `other images` if its images are not those of the baseline; where `data` varies, those of its variant.
    """
    return comparable(study, plan, [planned_state(study, run) for run in plan.runs])


def comparable(study: Path, plan: StudyPlan, states: Sequence[PlannedState]) -> list[PlannedState]:
    """Apply the rules of `planned_states` to the states of the individual runs."""
    marked = [_with_metric(state, plan.metric) for state in states]
    for part in _variants(plan.runs).values():
        for at in _minority(_settings(study, plan.runs, marked, part)):
            marked[at] = replace(marked[at], status="other settings", record=None, reason=SETTINGS)
    for at in _on_other_images(plan, marked):
        marked[at] = replace(marked[at], status="other images", record=None, reason=IMAGES)
    return marked


def _with_metric(state: PlannedState, metric: Metric) -> PlannedState:
    """The state by the recorded value of the metric; unchanged if the value follows from predictions."""
    value = state.value(metric.name)
    return state if value is None and metric.name in FROM_PREDICTIONS else with_value(state, metric.name, value)


def with_value(state: PlannedState, metric: str, value: float | None) -> PlannedState:
    """The state by the run's value of a metric: a completed run with a huge value diverged, one without is unreadable.

    Tables and other apps have the same rule (`sources.columns.statuses`, `app.task`).
    """
    if state.status != "completed" or (value is not None and abs(value) <= LARGEST):
        return state
    if value is None or math.isnan(value):
        reason = f"The run is completed, but has no {metric}."
        return replace(state, status="unreadable", record=None, reason=reason)
    return replace(state, status="diverged", reason=f"The run is completed, but its {metric} is {value:g}.")


def _on_other_images(plan: StudyPlan, states: Sequence[PlannedState]) -> list[int]:
    """Positions of the runs that are not on the images of the baseline, or of their variant where `data` varies."""
    images = {at: s.record.data_sha256 for at, s in enumerate(states) if s.has_result and s.record}
    known = {at: sha256 for at, sha256 in images.items() if sha256 is not None}
    variants = _variants(plan.runs)
    if data_varies(plan):
        return [at for part in variants.values() for at in _minority({n: known[n] for n in part if n in known})]
    baseline = [known[at] for at in variants.get(BASELINE, ()) if at in known]
    reference = _most_common(baseline or known.values())
    return [at for at, sha256 in known.items() if sha256 != reference]


def _settings(
    study: Path, runs: Sequence[PlannedRun], states: Sequence[PlannedState], part: Iterable[int]
) -> dict[int, Hashable]:
    """Return the settings of the runs of a variant by position, or {} if their recorded hashes agree.

    If the hashes differ, the configurations are compared, since those of earlier versions lack newer keys. Runs without
    a result or a readable configuration are omitted.
    """
    ended = [at for at in part if states[at].has_result]
    hashes = {at: states[at].record.settings_sha256 for at in ended}  # type: ignore[union-attr]
    if len(ended) < 2 or (None not in hashes.values() and len(set(hashes.values())) == 1):
        return {}
    recorded = {at: _recorded(study / runs[at].folder) for at in ended}
    return {at: text for at, text in recorded.items() if text is not None}


def _recorded(folder: Path) -> str | None:
    """The configuration of a run without its seed, as text; None if it cannot be read."""
    try:
        settings = written(with_defaults(read_config(folder, trusted=True)))  # as data: nothing is evaluated
    except (InputError, ValueError, TypeError):
        return None
    settings.pop("seed", None)
    if isinstance(settings.get("data"), dict):
        settings["data"].pop("root", None)
    return json.dumps(ordered(settings), sort_keys=True)


def _variants(runs: Sequence[PlannedRun]) -> dict[str, list[int]]:
    """Positions of the runs of each variant."""
    positions: dict[str, list[int]] = {}
    for at, run in enumerate(runs):
        positions.setdefault(run.variant, []).append(at)
    return positions


def _minority(values: Mapping[int, Hashable]) -> list[int]:
    """Positions whose value is not the most common one."""
    return [at for at, value in values.items() if value != _most_common(values.values())]


def _most_common(values: Iterable[Hashable]) -> Hashable:
    """The most common value, the first one of a tie; None if there is none."""
    return next((value for value, _ in Counter(values).most_common(1)), None)
