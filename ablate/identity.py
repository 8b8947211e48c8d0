"""What is known of a run before it trains."""

import os
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from ablate import own, provenance, record
from ablate.study import plan


def identity(config: DictConfig, folder: Path) -> dict[str, Any]:
    """Its place in a study, its configuration, its code, and how to repeat it."""
    hydra_config = HydraConfig.get()
    searched = [source.path for source in hydra_config.runtime.config_sources if source.provider == "command-line"]
    # A launcher that runs several at once sets the threads of each, which a number depends on.
    shared = hydra_config.mode == RunMode.MULTIRUN and config.trainer.threads is None
    threads = [f"trainer.threads={count}" for count in [os.environ.get("OMP_NUM_THREADS")] if shared and count]
    study = Path(hydra_config.sweep.dir) if hydra_config.mode == RunMode.MULTIRUN else None
    return {
        **plan.place(study, folder),
        "seed": config.seed,
        "config_sha256": record.config_sha256(config),
        "code_sha256": provenance.code_sha256(),
        "own_code": own.hashes(OmegaConf.to_container(config, resolve=False)),
        "git": provenance.git(),
        "rerun": plan.rerun_command([*hydra_config.overrides.task, *threads], searched),
    }
