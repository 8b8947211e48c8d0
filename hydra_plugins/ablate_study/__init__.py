"""The door through which Hydra finds our sweeper; all it does is in `ablate.study.sweeper`."""

from typing import Any

from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class StudySweeper(Sweeper):
    """`hydra/sweeper=study`, the default of `ablate train -m`; `params` are a study file's overrides."""

    launcher: Launcher

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives, and make its launcher."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        # Imported late: Hydra scans this module at every start, and executes it again for each scan.
        from ablate.study.sweeper import sweep

        return sweep(self.hydra_context, self.launcher, self.config, self.params, arguments)
