"""The identity of a run, known before it trains."""

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code
from ablate.runs import provenance, study_plan
from ablate.runs.config_hash import config_sha256
from ablate.runs.run_record import EpochCount, RunRecord


@dataclass(frozen=True)
class Position:
    """The study, variant and factors of a run; None and empty for a run outside a study."""

    study: str | None = None
    variant: str | None = None
    factors: dict[str, str] = field(default_factory=dict)


def identity(config: DictConfig, folder: Path) -> RunRecord:
    """The record of a run that starts: its place in a study, its configuration, its code, and how to repeat it."""
    hydra_config = HydraConfig.get()
    config_dirs = [source.path for source in hydra_config.runtime.config_sources if source.provider == "command-line"]
    # A launcher that runs several at once sets the threads of each, which a number depends on.
    shared = hydra_config.mode == RunMode.MULTIRUN and config.trainer.threads is None
    threads = [f"trainer.threads={count}" for count in [os.environ.get("OMP_NUM_THREADS")] if shared and count]
    study = Path(hydra_config.sweep.dir) if hydra_config.mode == RunMode.MULTIRUN else None
    position = study_position(study, folder)
    return RunRecord(
        status="running",
        study=position.study,
        variant=position.variant,
        factors=position.factors,
        seed=config.seed,
        config_sha256=config_sha256(config),
        code_sha256=provenance.code_sha256(),
        own_code=user_code.hashes(OmegaConf.to_container(config, resolve=False)),
        git=provenance.git(),
        rerun=rerun_command([*hydra_config.overrides.task, *threads], config_dirs),
        epochs=EpochCount(planned=config.trainer.epochs),
    )


def study_position(study: Path | None, folder: Path) -> Position:
    """The place in a `study` of the run in `folder`; an empty one for a run outside a study."""
    if study is None:
        return Position()
    inside = folder.resolve().relative_to(study.resolve()).as_posix()
    runs = study_plan.read(study).runs if (study / study_plan.FILE).exists() else []
    planned = next((run for run in runs if run.folder == inside), None)
    return Position(study.name, planned.variant, planned.factors) if planned else Position(study.name, inside)


def rerun_command(overrides: Iterable[str], config_dirs: Iterable[str] = ()) -> str:
    """The shell command that trains a run's configuration again, alone; `config_dirs` are the user's own."""
    words = [word for word in overrides if not word.startswith("study.")]
    single = ["hydra.mode=RUN"] if any(word.startswith("study=") for word in words) else []
    flags = [word for folder in config_dirs for word in ("--config-dir", folder)]
    return shlex.join(["ablate", "train", *flags, *words, *single])
