"""The record of a starting run: the part that is known before training."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from ablate.config import user_code, weights
from ablate.runs import provenance, rerun_command, study_plan
from ablate.runs.config_hash import resolved, settings_sha256, sha256_of
from ablate.runs.record_parts import EpochCount
from ablate.runs.run_record import RunRecord


@dataclass(frozen=True)
class Position:
    """The study, variant and factors of a run; None and empty for a run outside a study."""

    study: str | None = None
    variant: str | None = None
    factors: dict[str, str] = field(default_factory=dict)


def starting_record(config: DictConfig, folder: Path) -> RunRecord:
    """Build the record of a starting run: position in a study, hashes of configuration and code, rerun command."""
    hydra_config = HydraConfig.get()
    # A launcher of parallel runs sets the number of threads of each run, and results depend on it.
    shared = hydra_config.mode == RunMode.MULTIRUN and config.trainer.threads is None
    threads = [f"trainer.threads={count}" for count in [os.environ.get("OMP_NUM_THREADS")] if shared and count]
    study = Path(hydra_config.sweep.dir) if hydra_config.mode == RunMode.MULTIRUN else None
    position = study_position(study, folder)
    words = rerun_command.resolved_overrides(config, hydra_config)
    settings = resolved(config)
    return RunRecord(
        status="running",
        study=position.study,
        variant=position.variant,
        factors=position.factors,
        seed=config.seed,
        config_sha256=sha256_of(settings),
        settings_sha256=settings_sha256(config),
        code_sha256=provenance.code_sha256(),
        own_code=user_code.hashes(settings),
        weights=weights.hashes(settings) or None,
        git=provenance.git(),
        rerun=rerun_command.rerun_command(
            [*words, *threads, *rerun_command.search_path(hydra_config)], rerun_command.flags_of(hydra_config)
        ),
        epochs=EpochCount(planned=config.trainer.epochs),
    )


def study_position(study: Path | None, folder: Path) -> Position:
    """Find the position of the run in `folder` within `study`; empty for a run outside a study."""
    if study is None:
        return Position()
    inside = folder.resolve().relative_to(study.resolve()).as_posix()
    runs = study_plan.read_once(study).runs if (study / study_plan.FILE).exists() else []
    planned = next((run for run in runs if run.folder == inside), None)
    return Position(study.name, planned.variant, planned.factors) if planned else Position(study.name, inside)
