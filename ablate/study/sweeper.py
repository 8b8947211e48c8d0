"""Carry a plan out: compose and check every run first, write the plan, launch what is not done, tell what failed."""

import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from ablate import record
from ablate.config import validate
from ablate.errors import InputError, sentence
from ablate.study import design, plan

log = logging.getLogger(__name__)


def sweep(
    context: HydraContext, launcher: Launcher, config: DictConfig, params: dict[str, Any], arguments: Sequence[str]
) -> Sequence[JobReturn]:
    """Run the study that the sweeper's `params` and the command line's `arguments` describe.

    Raises:
        InputError: a planned run cannot be composed or is out of range, or the study folder holds another study.
        SystemExit: with status 1 when a run failed, all others having finished; 2 when each was refused its input.
    """
    words = [f"{key}={value}" for key, value in params.items()] + list(arguments)
    settings = OmegaConf.to_object(config.study)
    described = plan.read(OverridesParser.create(context.config_loader).parse_overrides(words), settings.bundles)
    folder = Path(config.hydra.sweep.dir)
    runs = once([checked(context, config, described, run) for run in plan.runs(described, settings)])
    study = {
        "schema": record.SCHEMA,
        "name": config.study.name,
        "design": config.study.design,
        "baseline": design.baseline(described.factors),
        "factors": described.factors,
        "seeds": list(described.seeds),
        "command": shlex.join(["ablate", "train", *sys.argv[1:]]),
        "runs": [{name: run[name] for name in record.PLANNED} for run in runs],
    }
    folder.mkdir(parents=True, exist_ok=True)
    record.write_json(folder / "study.json", extended(folder, study, settings.extend))

    missing = [run for run in runs if not done(folder, run)]
    log.info("study %s: %d runs, %d of them already done", study["name"], len(runs), len(runs) - len(missing))
    for run in missing:
        set_aside(folder / run["folder"])
    returns = launcher.launch([run["overrides"] for run in missing], initial_job_idx=0) if missing else []
    failed = [(run, job) for run, job in zip(missing, returns, strict=True) if job.status is not JobStatus.COMPLETED]
    for run, job in failed:
        reason = sentence(job._return_value).rstrip(".")
        log.error("%s failed: %s; its log is %s/train.log", run["folder"], reason, folder / run["folder"])
    log.info("%d of %d runs done; make the report with: ablate report %s", len(runs) - len(failed), len(runs), folder)
    if failed:
        refused = len(failed) == len(runs) and all(isinstance(job._return_value, InputError) for _, job in failed)
        raise SystemExit(2 if refused else 1)
    return returns


def checked(context: HydraContext, config: DictConfig, described: plan.Sweep, run: dict[str, Any]) -> dict[str, Any]:
    """The run with its overrides and the hash of its configuration, which is refused here if it cannot be trained."""
    overrides = [*described.overrides(run["factors"]), f"seed={run['seed']}"]
    # Named here, for a name made from the time must be the same in every worker.
    place = [f"study.name='{config.study.name}'", f"hydra.sweep.subdir='{run['folder']}'"]
    composed = context.config_loader.load_sweep_config(config, [*overrides, *place])
    with open_dict(composed):
        del composed["hydra"]
    try:
        validate(composed)
    except InputError as error:
        raise InputError(f"Run {run['folder']}: {error}") from None
    return {**run, "overrides": [*overrides, *place], "config_sha256": record.config_sha256(composed)}


def once(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs without those whose configuration an earlier one has: levels may be two names of one value."""
    first: dict[str, dict[str, Any]] = {}
    for run in runs:
        kept = first.setdefault(run["config_sha256"], run)
        if kept is not run:
            log.warning("%s is the same configuration as %s, which is run once", run["folder"], kept["folder"])
    return list(first.values())


def extended(folder: Path, study: dict[str, Any], extend: bool) -> dict[str, Any]:
    """The new plan together with the one already in the folder; only with `extend` may it have runs that are new.

    Raises:
        InputError: the folder holds a study of other factors, another baseline, or other runs.
    """
    if not (folder / "study.json").exists():
        return study
    old = record.read_study(folder)
    if old["baseline"] != study["baseline"]:
        raise InputError(
            f"{folder} holds a study with another baseline or other factors ({old['command']}); "
            "give this one another study.name."
        )
    known = {run["folder"] for run in old["runs"]}
    new = sum(run["folder"] not in known for run in study["runs"])
    if not extend and (new or old.get("design") != study["design"]):
        raise InputError(
            f"{folder} holds a study of design {old.get('design')} with {len(known)} runs ({old['command']}), and "
            f"{new} of the runs now planned are not among them. Say --extend to add them, or give another study.name."
        )
    factors = {name: list(dict.fromkeys(old["factors"][name] + levels)) for name, levels in study["factors"].items()}
    runs = {run["folder"]: run for run in [*old["runs"], *study["runs"]]}
    return {**study, "factors": factors, "seeds": sorted({*old["seeds"], *study["seeds"]}), "runs": list(runs.values())}


def done(folder: Path, run: dict[str, Any]) -> bool:
    """True if the run's folder holds an outcome of this very configuration."""
    try:
        found = record.read_run(folder / run["folder"])
    except InputError:
        return False
    return found["status"] in record.OUTCOMES and found["config_sha256"] == run["config_sha256"]


def set_aside(folder: Path) -> None:
    """Rename an earlier attempt to `<folder>.old-<n>`: nothing is overwritten."""
    if folder.exists():
        number = 1
        while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
            number += 1
        folder.rename(aside)
        log.warning("the earlier %s was kept as %s", folder, aside.name)
