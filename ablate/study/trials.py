"""The trials of a running search: proposed by Optuna when a worker is free, reported to it when their runs end."""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from ablate.files.lock import TrainedElsewhere, is_locked
from ablate.runs import study_plan
from ablate.runs.metric import Metric, named
from ablate.runs.study_plan import BASELINE, PlannedRun, StudyPlan
from ablate.study import checked_runs, factors, plan, plan_of_command
from ablate.study.composer import Composer, PlanLoader, composer_of
from ablate.study.extend import extended
from ablate.study.leftovers import make_way
from ablate.study.prepare import prepare
from ablate.study.search_space import format_levels
from ablate.study.status import PlannedState, planned_state
from ablate.study.variant_name import variant_name
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import optuna


@dataclass
class Trials:
    """The trials of a search that this process runs. Other processes may run the same search.

    loader   composes the configurations of runs
    config   the configuration that all runs share
    sweep    the parsed overrides
    space    {factor: distribution} of the searched parameters
    study    the Optuna study
    n_trials, n_jobs  number of trials, and of those that may be open at the same time
    composer  composes the configurations, what they share once
    baseline  settings of the first trial, which a resumed search must have too
    runs     {run folder: run} of the trials so far
    open     {trial number: its run folders}, of trials that were proposed and not reported; several trials may
             propose the same variant
    waiting  folders of runs that wait for a worker
    launched  folders of the runs that were launched, in this order
    training  those of them that have not ended
    errors   {run folder: exception} of failed runs
    """

    loader: PlanLoader
    config: DictConfig
    sweep: factors.Sweep
    space: dict[str, Any]
    study: "optuna.Study"
    n_trials: int
    n_jobs: int
    baseline: dict[str, Any] | None = None
    composer: Composer | None = None
    runs: dict[str, checked_runs.ComposedRun] = field(default_factory=dict)
    open: dict[int, list[str]] = field(default_factory=dict)
    waiting: deque[str] = field(default_factory=deque)
    launched: list[str] = field(default_factory=list)
    training: set[str] = field(default_factory=set)
    errors: dict[str, Exception] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the study."""
        return Path(self.config.hydra.sweep.dir)

    @property
    def metric(self) -> Metric:
        """What the search optimizes."""
        return named(self.config.study.metric)

    def take(self) -> list[str] | None:
        """The overrides of the next run; None if there is none now. Proposes a trial if no run is waiting."""
        while not self.waiting and len(self.open) < self.n_jobs and not self._refused():
            if (proposed := self._next_trial()) is None:
                break
            self._start(*proposed)
        if not self.waiting:
            return None
        folder = self.waiting.popleft()
        self.launched.append(folder)
        self.training.add(folder)
        return self.runs[folder].overrides

    def ended(self, index: int, result: JobReturn) -> None:
        """Take note that the run with this place among the launched ones ended."""
        folder, error = self.launched[index], result._return_value
        self.training.discard(folder)
        if isinstance(error, TrainedElsewhere):  # `elsewhere` has the trial until that process ends
            self.open = {number: folders for number, folders in self.open.items() if folder not in folders}
            return
        if isinstance(error, Exception):
            self.errors[folder] = error
        self._report_ended()

    def elsewhere(self) -> list[Path]:
        """The folders of runs of open trials that another process trains."""
        return [folder for trial in self._running() for folder in self._locked(trial)]

    def _refused(self) -> bool:
        """Whether the input of all first runs was refused, as that of further ones will be."""
        ended = len(self.launched) - len(self.training)
        return ended >= self.n_jobs and len(self.errors) == ended and all(map(_is_refusal, self.errors.values()))

    def _next_trial(self) -> tuple[int, dict[str, Any]] | None:
        """The number and the parameters of an interrupted trial, or else of a new one; None at the end."""
        for trial in self._running():
            if not self._locked(trial):
                return trial.number, trial.params
        with FileLock(self.folder / ".lock"):  # until the trial that another process proposes is counted
            trials = self.study.get_trials(deepcopy=False)
            if sum(trial.state.is_finished() or trial.state.name == "RUNNING" for trial in trials) >= self.n_trials:
                return None
            proposed = self.study.ask(self.space)
        return proposed.number, proposed.params

    def _running(self) -> "list[optuna.trial.FrozenTrial]":
        """The trials that are neither reported nor open in this process."""
        return [trial for trial in self._proposed() if trial.state.name == "RUNNING" and trial.number not in self.open]

    def _locked(self, trial: "optuna.trial.FrozenTrial") -> list[Path]:
        """The folders of the trial's runs that another process trains."""
        variant = variant_name(format_levels(trial.params), self._levels()[0])
        folders = [plan.Replicate(variant, {}, seed).folder for seed in self.sweep.seeds]
        return [self.folder / one for one in folders if one not in self.training and is_locked(self.folder / one)]

    def _levels(self) -> list[dict[str, str]]:
        """The levels of each trial so far, the baseline's first."""
        return [format_levels(trial.params) for trial in self._proposed()]

    def _proposed(self) -> "list[optuna.trial.FrozenTrial]":
        """The trials with all parameters. One that a killed process began to propose lacks some of them."""
        with FileLock(self.folder / ".lock"):  # Optuna stores the parameters of a trial one by one
            trials = self.study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.params.keys() >= self.space.keys()]

    def _start(self, number: int, params: dict[str, Any]) -> None:
        """Add a trial to the plan of the study; its runs without a result wait for a worker."""
        known = set(self.runs)
        runs, whole = self._planned(number, params)
        if known:
            _add(self.folder, whole, [run for run in runs if run.folder not in known])
        else:
            prepare(self.folder, whole, (self.folder / study_plan.FILE).exists(), self.config.study.retrain)
        self.open[number] = [run.folder for run in runs]
        busy = {*self.training, *self.waiting}
        due = [run for run in runs if run.folder not in busy and not planned_state(self.folder, run).has_result]
        self.waiting.extend(run.folder for run in due)
        self._report_ended()

    def _planned(self, number: int, params: dict[str, Any]) -> tuple[list[PlannedRun], StudyPlan]:
        """The composed runs of a trial, and the plan of all trials so far in this process."""
        levels, chosen = self._levels(), format_levels(params)
        baseline = levels[0]
        if self.composer is None:
            alone = replace(self.sweep, factors={name: [level] for name, level in baseline.items()})
            self.composer = composer_of(self.loader, self.config, alone)
            first = plan.Replicate(BASELINE, baseline, self.sweep.seeds[0])
            (run,) = checked_runs.composed_runs(self.loader, self.config, alone, [first], self.composer)
            self.baseline = run.settings
        known = {name: list(dict.fromkeys(trial[name] for trial in levels)) for name in self.space}
        swept = replace(self.sweep, factors=known)
        variant = variant_name(chosen, baseline)
        replicates = [plan.Replicate(variant, chosen, seed) for seed in swept.seeds]
        if missing := [replicate for replicate in replicates if replicate.folder not in self.runs]:
            for run in checked_runs.composed_runs(self.loader, self.config, swept, missing, self.composer):
                self.runs[run.planned.folder] = run
                if len(swept.seeds) == 1:  # pruning reads one learning curve per trial
                    run.overrides.append(f"study.trial={number}")
        every = list(self.runs.values())
        whole = plan_of_command.plan_of(self.config.study, "search", swept, every, baseline, self.baseline)
        return [self.runs[replicate.folder].as_recorded() for replicate in replicates], whole

    def _report_ended(self) -> None:
        """Report the open trials to Optuna whose runs have all ended."""
        busy = {*self.training, *self.waiting}
        for number, folders in [*self.open.items()]:
            if not busy.intersection(folders):
                states = [planned_state(self.folder, self.runs[folder].as_recorded()) for folder in folders]
                report_trial(self.study, number, states, self.metric)
                del self.open[number]


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, InputError)


def _add(folder: Path, whole: StudyPlan, runs: Sequence[PlannedRun]) -> None:
    """Add runs to the plan of a search, and prepare their folders."""
    with FileLock(folder / ".lock"):  # another process may run the same search
        study_plan.write(folder, extended(folder, whole, extend=True))
        for run in runs:
            make_way(folder, run, retrain=False)


def report_trial(study: "optuna.Study", number: int, states: Sequence[PlannedState], metric: Metric) -> None:
    """Report to Optuna the mean of the metric of a trial over its seeds, or that it failed or was pruned."""
    from optuna.trial import TrialState

    tell = partial(study.tell, number, skip_if_finished=True)  # another process may have reported it

    if not all(state.has_result for state in states):
        tell(state=TrialState.FAIL)
    elif any(state.status == "pruned" for state in states):
        tell(state=TrialState.PRUNED)
    else:
        values = [state.value(metric.name) for state in states]
        known = [value for value in values if value is not None and math.isfinite(value)]
        # A run that diverged counts as the worst result that is known: chance, or a failed trial.
        chance = metric.at_chance(next((len(s.record.classes) for s in states if s.record and s.record.classes), None))
        if len(known) < len(values) and chance is None:
            tell(state=TrialState.FAIL)
        else:
            tell(values=statistics.mean([*known, *[chance or 0.0] * (len(values) - len(known))]))
