"""What is known of a run before it trains."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ablate.config import user_code
from ablate.runs import provenance, record


def identity(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Its place in a study, its configuration, its code, and how to repeat it."""
    hydra_config = HydraConfig.get()
    searched = [source.path for source in hydra_config.runtime.config_sources if source.provider == "command-line"]
    # A launcher that runs several at once sets the threads of each, which a number depends on.
    shared = hydra_config.mode == RunMode.MULTIRUN and config.trainer.threads is None
    threads = [f"trainer.threads={count}" for count in [os.environ.get("OMP_NUM_THREADS")] if shared and count]
    study = Path(hydra_config.sweep.dir) if hydra_config.mode == RunMode.MULTIRUN else None
    return {
        **study_position(study, folder),
        "seed": config.seed,
        "config_sha256": record.config_sha256(config),
        "code_sha256": provenance.code_sha256(),
        "own_code": user_code.hashes(OmegaConf.to_container(config, resolve=False)),
        "git": provenance.git(),
        "rerun": rerun_command([*hydra_config.overrides.task, *threads], searched),
    }


def study_position(study: Path | None, folder: Path) -> dict[str, Any]:
    """The study, variant and factors of the run in `folder`; all empty for a run outside a study."""
    if study is None:
        return {"study": None, "variant": None, "factors": {}}
    inside = folder.resolve().relative_to(study.resolve()).as_posix()
    planned: dict[str, Any] = {}
    if (study / "study.json").exists():
        listed = record.read_study(study)["runs"]
        planned = next((run for run in listed if run["folder"] == inside), {})
    return {"study": study.name, "variant": planned.get("variant", inside), "factors": planned.get("factors", {})}


def rerun_command(overrides: Iterable[str], config_dirs: Iterable[str] = ()) -> str:
    """The shell command that trains a run's configuration again, alone; `config_dirs` are the user's own."""
    words = [word for word in overrides if not word.startswith("study.")]
    single = ["hydra.mode=RUN"] if any(word.startswith("study=") for word in words) else []
    flags = [word for folder in config_dirs for word in ("--config-dir", folder)]
    return shlex.join(["ablate", "train", *flags, *words, *single])
