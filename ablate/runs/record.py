"""What a run leaves behind: one self-describing `run.json`; its names, and how it and a study's plan are read."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.config import trust, user_code
from ablate.files import bounded
from ablate.files.lock import is_locked
from ablate.runs import schema
from ablate.runs.schema import PLAN, PLANNED
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean

SCHEMA = 1
STATUSES = ("running", "completed", "diverged", "pruned", "failed", "interrupted")
OUTCOMES = ("completed", "diverged", "pruned")  # a result: good, bad, or not worth the rest of its epochs
RUN = schema.COLUMNS
CHECKPOINT = "checkpoint.pt"  # in a run's folder while the run is unfinished
BEFORE = "checkpoint.before.pt"  # and the one before it, for one may be damaged
NEXT = "checkpoint.next.pt"  # and, for a moment, the one that is about to take its place
CHECKPOINTS = (NEXT, CHECKPOINT, BEFORE)  # each whole, the newest first
# Neither changes what is trained: the study is where a run is kept, the logger where its figures also go.
NOT_TRAINED = ("study", "logger")
# What a file may have in bytes: a hundred times what the largest study known writes.
RECORD, STUDY, CONFIG = 4 * bounded.MIB, 64 * bounded.MIB, 256 * bounded.KIB


def remove_checkpoints(folder: Path) -> None:
    """Remove what the run in a folder, which is done, no longer needs."""
    for name in CHECKPOINTS:
        (folder / name).unlink(missing_ok=True)


def read_json(path: Path, what: str, most: int = RECORD) -> dict[str, Any]:
    """The object in a JSON file; InputError, naming `what` the file is, if there is none or it cannot be read."""
    try:
        content = json.loads(bounded.contents(path, most))
        json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair could not be written anywhere
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path.parent} has no {path.name}: it is not {what}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}); it was damaged or written by something else.") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path} is not of schema {SCHEMA}, which this version of ablate reads.")
    return content


def read_run(folder: Path) -> dict[str, Any]:
    """The record of the run in `folder`, its status and the types of its values checked; else InputError."""
    if (Path(folder) / "study.json").exists() and not os.path.lexists(Path(folder) / "run.json"):
        raise InputError(f"{folder} is a study. Give one of its runs, such as {folder}/baseline/seed=0.")
    run = read_json(Path(folder) / "run.json", "a run folder")
    if run.get("status") not in STATUSES:
        raise InputError(f"{folder}/run.json has status {run.get('status')!r:.80}; known are {', '.join(STATUSES)}.")
    if wrong := schema.wrong(run, schema.RUN):
        raise InputError(f"{folder}/run.json is not a run's record: it has {wrong}. Train the run again.")
    return run


def read_planned(study: Path, planned: dict[str, Any]) -> dict[str, Any]:
    """The record of a planned run. Where there is none of its configuration, only a status and an error that says why.

    That status is `missing` (no run.json), `unreadable`, or `stale` (the run was of another configuration). A run that
    says it is running, but is not, is `interrupted`.
    """
    return alive(read_recorded(study, planned), Path(study) / planned["folder"])


def alive(found: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The record of the run in a study's `folder`; one that says it is running, but is not, is `interrupted`."""
    if found["status"] == "running" and not is_locked(folder):
        return {**found, "status": "interrupted", "error": "Its process ended without a word."}
    return found


def read_recorded(study: Path, planned: dict[str, Any]) -> dict[str, Any]:
    """`read_planned`, but for whether a run that says it is running still is."""
    folder = Path(study) / planned["folder"]
    try:
        found = read_run(folder)
    except InputError as reason:
        there = os.path.exists(folder / "run.json")
        return {"status": "unreadable", "error": str(reason)} if there else {"status": "missing"}
    if found.get("config_sha256") != planned["config_sha256"]:
        return {"status": "stale", "error": "The run is of another config than the one planned."}
    return found


def read_config(folder: Path, trusted: bool = False) -> DictConfig:
    """The configuration of the run in `folder`, as Hydra recorded it: nothing in it is evaluated yet.

    Raises:
        InputError: it cannot be read; or, unless it is `trusted`, it would read more than itself (`trust`).
    """
    path = Path(folder) / ".hydra" / "config.yaml"
    config = None
    try:
        text = bounded.contents(path, CONFIG).decode()
        trust.check_yaml(text)
        config = OmegaConf.create(text)
    except FileNotFoundError:
        reason = "there is no such file"
    except (OSError, ValueError, TypeError, RecursionError, YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())[:200]
    else:
        reason = "it is no mapping"
    if not isinstance(config, DictConfig):
        raise InputError(
            f"{path} is missing or damaged: the run's configuration is not known ({reason}). Train the run again."
        )
    if not trusted:
        trust.check_interpolations(config, Path(folder))
    return config


def find_study(given: Path) -> Path:
    """The folder of a study that is given as such, or by its name under `outputs/`."""
    named = Path("outputs") / given
    return named if not (given / "study.json").exists() and (named / "study.json").exists() else given


def read_study(folder: Path) -> dict[str, Any]:
    """The plan in a study's `study.json`; InputError if there is none or it cannot be used."""
    path = Path(folder) / "study.json"
    if not path.is_file():
        there = [plan.parent.name for plan in Path("outputs").glob("*/study.json")]
        meant = did_you_mean(Path(folder).name, there)
        raise InputError(
            f"{folder} is not a study: it has no study.json.{meant} Give the folder of one, such as outputs/NAME, "
            "as `ablate train -m study.name=NAME ...` makes it."
        )
    plan = read_json(path, "a study", STUDY)
    runs = plan.get("runs")
    whole = isinstance(runs, list) and runs and all(isinstance(run, dict) and set(PLANNED) <= set(run) for run in runs)
    lacking = [key for key in PLAN if key not in plan] + ["whole runs"] * (not whole)
    if lacking:
        raise InputError(
            f"{path} lacks {', '.join(lacking)}. Delete it and run the study's `ablate train` command again, "
            "which keeps the runs that are done."
        )
    if wrong := schema.wrong_study(plan):
        raise InputError(f"{path} is not a plan that can be used: it has {wrong}. Ask for it anew where it is from.")
    return plan


def config_sha256(config: DictConfig) -> str:
    """Hash of what is trained, the source of the user's own parts included.

    Interpolations are hashed as written, so that a run has one hash on all machines.
    """
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    trained = {str(name): value for name, value in content.items() if name not in NOT_TRAINED}
    trained["augmentation"] = list(content["augmentation"].items())  # the order of these keys is the order of the steps
    if code := user_code.hashes(content):
        trained["own_code"] = code
    return hashlib.sha256(json.dumps(trained, sort_keys=True).encode()).hexdigest()
