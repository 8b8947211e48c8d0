"""Messages for errors of an app, and of its configuration."""

import re
from collections.abc import Sequence

from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from ablate.config.flatten import flat
from ablate.terminal.errors import LONGEST, UserError, described
from ablate.terminal.text import did_you_mean, shortened

COLORS = re.compile(r"\x1b\[[0-9;]*m")
TRACEBACK = "traceback.txt"  # in the folder of a failed run


def of_configuration(
    error: HydraException | OmegaConfBaseException, config: DictConfig, groups: Sequence[str] = ()
) -> str:
    """Hydra's message in one line: what cannot be composed, and the nearest key or option of the app.

    Args:
        error: of the composition of a run.
        config: the app's configuration.
        groups: names of the app's config groups.
    """
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.full_key:
        return _of_unknown(str(cause.full_key), config, groups)
    text = re.split(r"\n\s*(?:Config search path|full_key|object_type|Set the environment)", str(error))[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    options = next((place for place, line in enumerate(lines) if line.startswith("Available options")), len(lines))
    listed = f" {lines[options]} {', '.join(lines[options + 1 :])}." if lines[options + 1 :] else ""
    near = ""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        near = did_you_mean(error.missing_cfg_file.rpartition("/")[2], error.options or ())
    return shortened(f"{' '.join(lines[:options]).rstrip('.')}.{near}{listed}", LONGEST)


def _of_unknown(key: str, config: DictConfig, groups: Sequence[str]) -> str:
    """A sentence on a key that the app's configuration lacks: the nearest one, else those of its section."""
    section, _, name = key.rpartition(".")
    keys = [known for known in flat(config, resolve=False) if known.split(".")[0] != "hydra"]
    content = OmegaConf.select(config, section) if section else config
    names = [str(name) for name in content if name != "hydra"] if isinstance(content, DictConfig) else []
    siblings = sorted({*names, *(() if section else groups)} - {"hydra"})
    near = did_you_mean(name, siblings, prefix=f"{section}." if section else "") or did_you_mean(key, keys)
    listed = f" Keys{f' of {section}' if section else ''}: {', '.join(siblings)}." if siblings else ""
    return shortened(
        f"{key}: the app's configuration has no such key.{near or listed} To add one, type +{key}=...", LONGEST
    )


def of_run(error: BaseException) -> str:
    """Why a run failed: the type and text of the exception that its main function raised."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted before its end."
    if isinstance(error, UserError):
        return shortened(str(error), LONGEST)
    if isinstance(error, SystemExit):
        return f"The app called sys.exit({shortened(str(error.code), LONGEST)})."
    return f"{COLORS.sub('', described(error))} (traceback in the run's {TRACEBACK})."
