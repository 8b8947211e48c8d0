"""The sweepers of `ablate train` and `ablate plan`, which `ablate.study.study_command` implements."""

from pathlib import Path
from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class StudySweeper(Sweeper):
    """`hydra/sweeper=study`: run the variants of a study. The default of `ablate train -m`.

    Args:
        params: Overrides from a study file, {key: value}.
    """

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Check Hydra's settings and create the launcher."""
        from ablate.study.study_command import set_up

        self.command = set_up(hydra_context, task_function, config, self.params)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study."""
        self.command.sweep(arguments, decide)


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
        self.command.search(arguments, self.settings)


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
        plan = self.command.preview(arguments, self.probe)
        if self.power or self.expect:
            from ablate.analysis.study_power import preview

            print(*preview(plan, self.command.folder, self.expect), sep="\n")


def decide(folder: Path, look: int) -> dict[str, str]:
    """Return {variant: verdict} of the variants that a planned look decides."""
    from ablate.analysis.stages.decisions import decided  # passed to the study, which must not import analysis

    return decided(folder, look)
