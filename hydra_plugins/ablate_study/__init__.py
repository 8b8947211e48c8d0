"""The door through which Hydra finds our sweepers; all they do is in `ablate.study`."""

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

    def composed(self, arguments: list[str]) -> dict[str, Any]:
        """The study that the command line's `arguments` describe."""
        # Imported late: Hydra scans this module at every start, and executes it again for each scan.
        from ablate.study import compose

        return compose.study(self.hydra_context.config_loader, self.config, self.params, arguments)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        from ablate.study.sweeper import sweep

        return sweep(self.composed(arguments), self.launcher, self.config)


class PlanSweeper(StudySweeper):
    """`hydra/sweeper=plan`, which is `ablate plan`: the same study, shown and not run."""

    def sweep(self, arguments: list[str]) -> Any:
        """Print the plan."""
        from ablate.study.status import preview

        return preview(self.composed(arguments), self.config)
