"""Compare a finished run with the run planned in its folder, and refuse the plan if they differ."""

from pathlib import Path

from omegaconf import DictConfig

from ablate.runs import run_record
from ablate.runs.config_defaults import changes, same_but_for_defaults
from ablate.runs.config_hash import read_files, resolved, written
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.runs.study_plan import PlannedRun
from ablate.study.extend import Change, refusal
from ablate.terminal.errors import InputError
from ablate.terminal.text import ABSENT

DOWNLOADS = ("ablate.data.download.", "ablate.data.medmnist.")


def same_run(folder: Path, planned: PlannedRun, config: DictConfig, retrain: bool) -> str | None:
    """Return the recorded hash of the finished run in `folder` if it is the planned run, else None.

    The hash differs from the planned one if an earlier version without the newer keys trained the run.

    Args:
        folder: of the planned run.
        planned: the planned run.
        config: its configuration.
        retrain: return None, instead of raising, if the finished run is a different one.

    Raises:
        InputError: the finished run has another configuration or other images, and `retrain` is false.
    """
    try:
        record = run_record.read(folder)
    except InputError:
        return None
    if not record.has_result:
        return None
    try:
        recorded = read_config(folder, trusted=True)  # as data
        same = record.config_sha256 == planned.config_sha256 or same_but_for_defaults(config, recorded, record)
        differing = _other_images(record, recorded, config) if same else _changes(record, recorded, config)
    except InputError:
        if record.config_sha256 == planned.config_sha256:
            return None
        differing = [("configuration", "unknown", f"{planned.config_sha256:.8}")]
    if differing and not retrain:
        raise refusal(str(folder), differing)
    return record.config_sha256 if not differing else None


def _changes(record: RunRecord, recorded: DictConfig, config: DictConfig) -> list[Change]:
    """List the settings and the files (user code, weights) that differ between the finished run and the planned one."""
    now = read_files(resolved(config))
    then = record.files
    names = [name for name in dict.fromkeys([*then, *now]) if then.get(name) != now.get(name)]
    files = [(name, then.get(name, ABSENT)[:8], now.get(name, ABSENT)[:8]) for name in names]
    edited = [("configuration", f"{record.config_sha256:.8}", "not that of its .hydra/config.yaml")]
    return [*changes(recorded, config), *files] or edited


def _other_images(record: RunRecord, recorded: DictConfig, config: DictConfig) -> list[Change]:
    """Return the change of `data.root` if the new folder has different images, else an empty list.

    A folder that depends on the environment may be another one, except that of downloads, whose files are checked.
    """
    then, now = (written(settings)["data"].get("root") for settings in (recorded, config))
    is_fixed = "${" not in str(now) or str(config.data.get("_target_")).startswith(DOWNLOADS)
    if (then == now and is_fixed) or record.data_sha256 is None:
        return []
    from ablate.data.prepare import prepare  # imports PyTorch, which takes a while

    if prepare(config.data).sha256 == record.data_sha256:
        return []
    return [("data.root", then, now if then != now else config.data.root)]
