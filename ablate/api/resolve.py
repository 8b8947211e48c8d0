"""Overrides -> whether they are a run or a study, and its folder, as Hydra will read them; nothing is trained here."""

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
    from hydra._internal.hydra import Hydra
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Planned:
    """A call of `train`: what follows `ablate train` in its command, and where its run, or its study, will be.

    `composed` is what all runs of a study share, and `words` are the overrides of its command; None for a run.
    """

    command: list[str]
    folder: Path
    words: list[str]
    composed: "DictConfig | None" = None

    def plan(self) -> "Plan":
        """Every run of the study, composed and checked.

        Raises:
            InputError: a run is refused, the folder holds another study, or it is no study.
        """
        if self.composed is None:
            raise InputError("A plan is of a study: give a list of levels or seeds, such as seed=[0, 1, 2].")
        from hydra._internal.callbacks import Callbacks
        from hydra.core.plugins import Plugins
        from hydra.types import HydraContext

        from ablate.study.extend import extended

        with _hydra() as hydra:
            context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
            sweeper: Any = Plugins.instance().instantiate_sweeper(
                hydra_context=context, task_function=_nothing, config=self.composed
            )
            plan = sweeper.compose_study(self.words).plan
        return Plan(self.folder, extended(self.folder, plan, self.composed.study.extend, self.composed.study.retrain))


def _nothing(config: "DictConfig") -> None:
    """Stands where training would be."""


@dataclass(frozen=True)
class Plan:
    """The runs of a study before they are started. `study` is the content of its study.json."""

    folder: Path
    study: StudyPlan

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row per planned run. Columns: variant, one per factor, seed, status (as it is now), folder."""
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
        """What `ablate plan` prints."""
        from rich.console import Console

        from ablate.study.status_table import table

        console = Console(width=100, force_jupyter=False, force_terminal=False, color_system=None)
        with console.capture() as drawn:
            console.print(table(self.folder, self.study))
        return "\n".join(line.rstrip() for line in drawn.get().rstrip().splitlines())

    __repr__ = __str__


def read(words: list[str], config_dir: str | PathLike[str] | None = None) -> Planned:
    """What Hydra makes of the words. A folder that depends on the time of day is fixed here.

    Raises:
        InputError: they cannot be composed; or, of a run, trained.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from ablate.config import Chosen, validate

    flags, search_path = _config_dir_words(config_dir)
    with _hydra() as hydra:
        sweeps = any(word.is_sweep_override() for word in OverridesParser.create().parse_overrides(words))
        config = hydra.compose_config(
            "config", [*words, *search_path], run_mode=RunMode.MULTIRUN, with_log_configuration=False,
            validate_sweep_overrides=False,
        )  # fmt: skip
        if sweeps or config.hydra.mode == RunMode.MULTIRUN:
            settings: Any = OmegaConf.to_container(config.study, resolve=False)
            words = [*words, *([f"study.name={text(config.study.name)}"] if "${" in settings["name"] else [])]
            return Planned([*flags, "-m", *words], Path(config.hydra.sweep.dir), words, config)
        run_config = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
        validate(run_config, Chosen.of(config.hydra))
        folder = Path(config.hydra.run.dir)
        return Planned([*flags, *words, f"hydra.run.dir={text(folder)}"], folder, words)


def _config_dir_words(config_dir: str | PathLike[str] | None) -> tuple[list[str], list[str]]:
    """The folder with the user's options as the command line's flag, and as an override, for composing here."""
    if config_dir is None:
        return [], []
    folder = Path(config_dir).absolute()
    if not folder.is_dir():
        raise InputError(f"config_dir={config_dir}: there is no such folder.")
    return ["--config-dir", str(folder)], [f"hydra.searchpath=[{text(f'file://{folder}')}]"]


@contextmanager
def _hydra() -> Iterator["Hydra"]:
    """Hydra over our options, apart from one that the caller may have."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from ablate.config import CONF, register

    register()
    with in_plain_words(), initialize_config_dir(str(CONF), job_name="train", version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        yield hydra


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Errors of composing become an InputError that says the same in plain words."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(sentence(error)) from None
