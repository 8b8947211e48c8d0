"""Hydra plugins: the sweepers and launchers of ablate, which are implemented in `ablate.study`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from ablate.runs.study_plan import PlannedRun
    from ablate.runs.tuning import TuningPlan
    from ablate.study.compose import ComposedStudy
    from ablate.study.launcher import Ended, More
    from ablate.study.tuned_runs import Phase

FOLDER_KEYS = ("study.name", "hydra.sweep.dir")  # that determine the folder of a study


class StudySweeper(Sweeper):
    """`hydra/sweeper=study`: run the variants of a study. The default of `ablate train -m`.

    Args:
        params: Overrides from a study file, {key: value}.
    """

    launcher: Launcher

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's objects and create the launcher."""
        # Imported here because Hydra executes this module at every start, once per scan for plugins.
        from hydra.core.plugins import Plugins

        from ablate.config import hydra_settings
        from ablate.study.composer import PlanLoader
        from ablate.study.launcher.other_launchers import task_of

        hydra_settings.check(config.hydra)
        self.loader, self.config = PlanLoader(hydra_context.config_loader, config.hydra.searchpath), config
        self.start = partial(
            Plugins.instance().instantiate_launcher,
            hydra_context=HydraContext(config_loader=self.loader, callbacks=hydra_context.callbacks),
            task_function=task_of(str(config.hydra.launcher._target_), task_function),
        )
        self.launcher = self.start(config=config)

    def compose_study(self, arguments: list[str], phase: "Phase | None" = None) -> "ComposedStudy":
        """Compose the study that the overrides of the command line describe; by default with the settings so far."""
        from ablate.study import compose, retune

        phase = phase or retune.chosen_phase(Path(self.config.hydra.sweep.dir), self.tuning_plan())
        config = retune.in_tuning(self.config) if phase.is_tuning else self.config
        return compose.study(self.loader, config, self.params, arguments, phase)

    def tuning_plan(self) -> "TuningPlan | None":
        """How the settings of each variant are tuned; None: they are not."""
        from omegaconf import OmegaConf

        from ablate.config import validate
        from ablate.study.tuned_runs import tuning_plan

        validate(OmegaConf.create({"study": self.config.study}))
        settings: Any = OmegaConf.to_object(self.config.study)
        return tuning_plan(settings)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        from ablate.study import retune
        from ablate.study.path import PATH, rounds
        from ablate.study.resuming import folder_words, resuming
        from ablate.study.submitted import leaving
        from ablate.study.sweeper import sweep

        asked, advice = self.config.study, resuming(self.config, *FOLDER_KEYS)
        folder = Path(self.config.hydra.sweep.dir)
        composing = partial(self.compose_study, arguments)

        def sweep_tuning(study: "ComposedStudy") -> None:
            config = retune.in_tuning(self.config)
            launcher = self.start(config=config)
            sweep(study, launcher, Path(config.hydra.sweep.dir), advice, asked.extend, asked.retrain)

        continues = bool(asked.stages or asked.tune or asked.design == PATH)
        with leaving(self.launcher, folder_words(self.config, *FOLDER_KEYS), continues):
            phase = retune.tune(folder, self.tuning_plan(), composing, sweep_tuning)
            for study in rounds(partial(composing, phase)):
                sweep(study, self.launcher, folder, advice, asked.extend, asked.retrain, decide=decide)


class AppFlags(SearchPathPlugin):
    """Checks the flags of an app with our sweeper. Hydra calls it first, and reads the flags before any sweeper."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leave the search path as it is."""
        import sys

        if any(word.startswith("hydra/sweeper") for word in sys.argv):
            from ablate.app import flags

            with refused_in_a_sentence():
                flags.check(sys.argv[1:])


class AppSweeper(StudySweeper):
    """`hydra/sweeper=ablate`: run a study of any Hydra app in whose environment this package is installed.

    Args:
        **_: the keys under `hydra.sweeper` (`ablate.app.settings`), which `setup` reads from the configuration.
    """

    def __init__(self, **_: Any) -> None:
        super().__init__()

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Read the settings, choose the folder of the study, and wrap the app's main function."""
        from ablate.app.sweeper import set_up

        with refused_in_a_sentence():
            self.app = set_up(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        with refused_in_a_sentence():
            self.app.sweep(arguments, decide)


def decide(folder: Path, look: int) -> dict[str, str]:
    """Return {variant: verdict} of the variants that a planned look decides."""
    from ablate.analysis.stages.decisions import decided  # the package itself never imports its analysis for training

    return decided(folder, look)


@contextmanager
def refused_in_a_sentence() -> Iterator[None]:
    """Print an error as a sentence and exit; Hydra would print a traceback."""
    from ablate.commands.exit_status import explain

    try:
        yield
    except Exception as error:
        raise SystemExit(explain(error)) from None


class OptunaSweeper(StudySweeper):
    """`hydra/sweeper=optuna`: a hyperparameter search, in which Optuna proposes each variant.

    Args:
        params: Overrides from a study file, {key: value}.
        **settings: The options of the search, from `conf/hydra/sweeper/optuna.yaml`.
    """

    def __init__(self, params: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(params)
        self.settings = settings

    def sweep(self, arguments: list[str]) -> Any:
        """Run the search."""
        from ablate.study import overrides
        from ablate.study.resuming import folder_words
        from ablate.study.submitted import leaving
        from ablate.study.tune import search

        with leaving(self.launcher, folder_words(self.config, *FOLDER_KEYS), more=True):
            search(
                self.loader,
                self.launcher,
                self.config,
                overrides.read(self.loader, self.params, arguments),
                self.settings,
            )


class PlanSweeper(StudySweeper):
    """`hydra/sweeper=plan`: print the plan of a study without running it. The default of `ablate plan`.

    Args:
        params: Overrides from a study file, {key: value}.
        probe: Time a few training steps of each variant.
        power: Print the differences that the study can detect.
        expect: Differences and SDs, [[difference, SD], ...], for which the runs of a study with stages are estimated.
    """

    def __init__(
        self, params: dict[str, Any] | None = None, probe: bool = False, power: bool = False, expect: Any = ()
    ) -> None:
        super().__init__(params)
        self.probe, self.power, self.expect = probe, power, expect

    def sweep(self, arguments: list[str]) -> Any:
        """Print the plan."""
        from ablate.study.status_table import preview

        study = self.compose_study(arguments)
        probe = partial(self.measure_seconds, study.overrides) if self.probe else lambda runs: {}
        folder, asked = Path(self.config.hydra.sweep.dir), self.config.study
        preview(study.plan, folder, asked.extend, asked.retrain, probe)
        if self.power or self.expect:
            from ablate.analysis.study_power import preview as power_preview

            print(*power_preview(study.plan, folder, self.expect), sep="\n")

    def measure_seconds(self, overrides: dict[str, list[str]], runs: "Sequence[PlannedRun]") -> dict[str, float]:
        """Estimate the seconds per run from a few training steps: {variant: seconds}."""
        from ablate.study.launcher.local import threads_of, workers_of
        from ablate.study.probe import probe

        local = isinstance(self.launcher, LocalLauncher)
        threads = threads_of(workers_of(self.config, **self.launcher.settings)) if local else None
        return probe(runs, lambda run: self.loader.load_sweep_config(self.config, overrides[run.folder]), threads)


class StudyLauncher(Launcher):
    """Base class of the launchers: builds self-contained jobs, and returns their results in the order of the jobs."""

    module: str  # in ablate.study.launcher, with a function `launch`
    takes_running = False  # whether it takes runs that are in a queue or being trained, and waits for them itself

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    @property
    def leaves(self) -> bool:
        """Whether it leaves the runs to a queue, and does not wait for them."""
        return self.settings.get("wait") is False

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's objects."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs and show their progress."""
        return self._launch(job_overrides, initial_job_idx)

    def launch_from(self, more: "More", ended: "Ended", initial_job_idx: int) -> None:
        """Run jobs as workers are free for them, until none is left.

        Args:
            more: returns the overrides of the next job, or None if there is none now; another may follow when a job
                ends.
            ended: called with the index (from 0) and the result of each job as it ends.
            initial_job_idx: number of the first job.
        """
        if (first := more()) is not None:
            self._launch([first], initial_job_idx, more, ended)

    def _launch(
        self,
        job_overrides: Sequence[Sequence[str]],
        first: int,
        more: "More" = lambda: None,
        ended: "Ended" = lambda index, result: None,
    ) -> Sequence[JobReturn]:
        import importlib

        from hydra.core.singleton import Singleton

        from ablate.study.launch_progress import show_progress
        from ablate.study.launcher import Job, Jobs

        state = Singleton.get_state()
        known = [
            Job(self.hydra_context, self.task_function, self.config, number, overrides, state)
            for number, overrides in enumerate(job_overrides, first)
        ]
        module = importlib.import_module(f"ablate.study.launcher.{self.module}")
        jobs = Jobs(known, more)
        return show_progress(jobs, module.launch(jobs, **self.plain_settings()), ended)

    def plain_settings(self) -> dict[str, Any]:
        """The settings as plain values."""
        from omegaconf import OmegaConf

        return {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in self.settings.items()
        }


class LocalLauncher(StudyLauncher):
    """`hydra/launcher=local`: worker processes on this machine."""

    module = "local"


class SlurmLauncher(StudyLauncher):
    """`hydra/launcher=submitit_slurm`: jobs on a Slurm cluster."""

    module = "submitit_slurm"
    takes_running = True

    def follow_up(self, folder: Path, after: Sequence[str], command: Sequence[str]) -> str | None:
        """Submit a job that runs the command after these jobs; return its ID, None if there is one already."""
        from ablate.study.launcher.slurm_submission import follow_up

        return follow_up(folder, after, command, self.plain_settings())


class RayLauncher(StudyLauncher):
    """`hydra/launcher=ray`: tasks on a Ray cluster."""

    module = "ray"


# The options of other apps, whose search path lacks the files of `conf/hydra`. Keys: `ablate.app.settings`.
ConfigStore.instance().store(
    group="hydra/sweeper",
    name="ablate",
    provider="ablate",
    node={
        "_target_": f"{__name__}.AppSweeper",
        "name": None,  # of the study, kept in outputs/NAME; null: Hydra's sweep folder
        "design": "factorial",  # factorial, one_at_a_time, pairwise, cumulative, random, fractional, ...
        "draws": None,  # number of variants of the random design
        "draw_seed": 0,  # seed of the random design
        "resolution": None,  # least resolution of the fractional design
        "foldover": None,  # a factor, or all: add the runs of a fraction with its other level
        "block": None,  # compare variants separately within each level of this factor, such as a data set
        "bundles": {},  # factors whose levels combine several overrides
        "tune": None,  # settings tuned for each variant, such as {lr: [0.01,0.1]}, on the tuning seeds
        "tune_trials": None,  # number of random settings per variant; null: all combinations
        "tune_seeds": [1000, 1001],  # seeds of the tuning runs
        "stages": [],  # numbers of seeds after which decided variants stop, such as [3,5,8]
        "exclude": [],  # combinations of levels to leave out
        "metric": None,  # name, or {name, direction, unit, scale, chance}; null: the number that main returns
        "secondary": [],  # names of further metrics, exploratory
        "margin": None,  # equivalence margin in the metric's unit
        "seed_key": "seed",  # key of the replicate
        "ignore": [],  # keys that do not belong to a run's identity
        "keep": [],  # globs of checkpoints from which the app resumes
        "best": False,  # read metrics.csv at the best epoch instead of the last
        "extend": False,  # add levels or seeds to an existing study
        "retrain": False,  # set finished runs with other settings aside
        "dry_run": False,  # list the runs without starting them
        "params": {},  # overrides from a file
    },
)
ConfigStore.instance().store(
    group="hydra/launcher",
    name="ablate_local",
    provider="ablate",
    node={"_target_": f"{__name__}.LocalLauncher", "jobs_at_once": None, "jobs_per_gpu": 1, "own_app": False},
)
