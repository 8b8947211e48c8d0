"""Resolve overrides into a planned run or study and its folder, as Hydra does. Trains nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.overrides import text
from ablate.config.messages import sentence
from ablate.runs.study_plan import StudyPlan
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from hydra._internal.hydra import Hydra  # the type of GlobalHydra.instance().hydra
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Planned:
    """A resolved call of `train`.

    command    the arguments of the equivalent `ablate train`
    folder     the folder of the run or the study
    overrides  the Hydra overrides in the command
    config     the configuration that all runs of a study share; None for a single run
    """

    command: list[str]
    folder: Path
    overrides: list[str]
    config: "DictConfig | None" = None

    def plan(self) -> "Plan":
        """Compose and validate every run of the study.

        Raises:
            InputError: a run is invalid, the folder contains another study, or this is a single run.
        """
        if self.config is None:
            raise InputError("A single run has no plan. Pass a list of levels or seeds, such as seed=[0, 1, 2].")
        # Hydra has no public API for creating a sweeper outside of hydra.main.
        from hydra._internal.callbacks import Callbacks
        from hydra.core.plugins import Plugins
        from hydra.types import HydraContext

        from ablate.study.extend import extended

        with _hydra() as hydra:
            context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
            sweeper: Any = Plugins.instance().instantiate_sweeper(
                hydra_context=context, task_function=_do_nothing, config=self.config
            )
            plan = sweeper.command.compose(self.overrides).plan
        return Plan(self.folder, extended(self.folder, plan, self.config.study.extend, self.config.study.retrain))


def _do_nothing(config: "DictConfig") -> None:
    """Task function of a sweeper that only plans."""


@dataclass(frozen=True)
class Plan:
    """The planned runs of a study.

    folder  the folder of the study
    study   the content of its study.json
    """

    folder: Path
    study: StudyPlan

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row per planned run. Columns: variant, one per factor, seed, current status, folder."""
        import pandas as pd

        from ablate.study.status import planned_state

        rows = [
            {
                "variant": run.variant,
                **run.factors,
                "seed": run.seed,
                "status": planned_state(self.folder, run).status,
                "folder": run.folder,
            }
            for run in self.study.runs
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """The output of `ablate plan`."""
        from ablate.study.status_table import table
        from ablate.terminal.console import Console

        console = Console(width=100, force_jupyter=False, force_terminal=False, color_system=None)
        with console.capture() as capture:
            console.print(table(self.folder, self.study))
        return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())

    __repr__ = __str__


def resolve(overrides: list[str], config_dir: str | PathLike[str] | None = None) -> Planned:
    """Compose the configuration and decide whether it is a run or a study.

    Args:
        overrides: Hydra overrides.
        config_dir: folder with your own config options.

    Raises:
        InputError: the overrides cannot be composed, or the configuration of a single run is invalid.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from ablate.config import Chosen, validate

    flags, search_path = _config_dir_overrides(config_dir)
    with _hydra() as hydra:
        sweeps = any(one.is_sweep_override() for one in OverridesParser.create().parse_overrides(overrides))
        config = hydra.compose_config(
            "config", [*overrides, *search_path], run_mode=RunMode.MULTIRUN, with_log_configuration=False,
            validate_sweep_overrides=False,
        )  # fmt: skip
        if sweeps or config.hydra.mode == RunMode.MULTIRUN:
            settings: Any = OmegaConf.to_container(config.study, resolve=False)
            if "${" in settings["name"]:  # a name with the current time: keep this one
                overrides = [*overrides, f"study.name={text(config.study.name)}"]
            return Planned([*flags, "-m", *overrides], Path(config.hydra.sweep.dir), overrides, config)
        run_config = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
        validate(run_config, Chosen.of(config.hydra))
        folder = Path(config.hydra.run.dir)
        return Planned([*flags, *overrides, f"hydra.run.dir={text(folder)}"], folder, overrides)


def _config_dir_overrides(config_dir: str | PathLike[str] | None) -> tuple[list[str], list[str]]:
    """Return `config_dir` as command line arguments, and as overrides."""
    if config_dir is None:
        return [], []
    folder = Path(config_dir).absolute()
    if not folder.is_dir():
        raise InputError(f"config_dir={config_dir}: the folder does not exist.")
    return ["--config-dir", str(folder)], [f"hydra.searchpath=[{text(f'file://{folder}')}]"]


@contextmanager
def _hydra() -> Iterator["Hydra"]:
    """Initialize Hydra with the options of this package, isolated from a Hydra application that calls this."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from ablate.config import CONF, register

    register()
    with raise_input_errors(), initialize_config_dir(str(CONF), job_name="train", version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        yield hydra


@contextmanager
def raise_input_errors() -> Iterator[None]:
    """Convert exceptions of Hydra and OmegaConf to InputError."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(sentence(error)) from None
