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

# The options of an app, whose search path lacks the files of `conf/hydra`: the keys and defaults of
# `ablate.study.app.settings`, which explains them. Copied, as Hydra imports this file at every start; a test compares.
SWEEPER: dict[str, Any] = {
    "name": None,
    "design": "factorial",
    "draws": None,
    "draw_seed": 0,
    "resolution": None,
    "foldover": None,
    "block": None,
    "bundles": {},
    "tune": None,
    "tune_trials": None,
    "tune_seeds": [1000, 1001],
    "stages": [],
    "exclude": [],
    "metric": None,
    "secondary": [],
    "margin": None,
    "seed_key": "seed",
    "ignore": [],
    "keep": [],
    "best": False,
    "extend": False,
    "retrain": False,
    "dry_run": False,
    "params": {},
}
LAUNCHER: dict[str, Any] = {"jobs_at_once": None, "jobs_per_gpu": 1, "own_app": False}


class AppFlags(SearchPathPlugin):
    """Checks the flags of an app with our sweeper. Hydra calls it first, and reads the flags before any sweeper."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Leave the search path as it is."""
        import sys

        if any(word.startswith("hydra/sweeper") for word in sys.argv):
            from ablate.study.app import flags

            with errors_as_sentences():
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

        with errors_as_sentences():
            self.app = set_up(hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        with errors_as_sentences():
            self.app.sweep(arguments, decide)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Print an error as a sentence and exit; Hydra would print a traceback."""
    from ablate.commands.exit_status import explain

    try:
        yield
    except Exception as error:
        raise SystemExit(explain(error)) from None
