"""Studies of any Hydra app, which `ablate.study.app` implements: the sweeper and its options."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.ablate_study._sweepers import decide

# The options of an app, whose search path lacks the files of `conf/hydra`.
SWEEPER: dict[str, Any] = {
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
}
LAUNCHER: dict[str, Any] = {"jobs_at_once": None, "jobs_per_gpu": 1, "own_app": False}


class AppFlags(SearchPathPlugin):
    """Checks the flags of an app with our sweeper. Hydra calls it first, and reads the flags before any sweeper."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leave the search path as it is."""
        import sys

        if any(word.startswith("hydra/sweeper") for word in sys.argv):
            from ablate.study.app import flags

            with refused_in_a_sentence():
                flags.check(sys.argv[1:])


class AppSweeper(Sweeper):
    """`hydra/sweeper=ablate`: run a study of any Hydra app in whose environment this package is installed.

    Args:
        **_: the keys under `hydra.sweeper` (`ablate.study.app.settings`), which `setup` reads from the configuration.
    """

    def __init__(self, **_: Any) -> None: ...

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Read the settings, choose the folder of the study, and wrap the app's main function."""
        from ablate.study.app.sweeper import set_up

        with refused_in_a_sentence():
            self.app = set_up(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        with refused_in_a_sentence():
            self.app.sweep(arguments, decide)


@contextmanager
def refused_in_a_sentence() -> Iterator[None]:
    """Print an error as a sentence and exit; Hydra would print a traceback."""
    from ablate.commands.exit_status import explain

    try:
        yield
    except Exception as error:
        raise SystemExit(explain(error)) from None
