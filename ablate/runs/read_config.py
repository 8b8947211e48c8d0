"""`.hydra/config.yaml`: the configuration of a run as Hydra recorded it, read as data."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.config import trust
from ablate.files import bounded
from ablate.terminal.errors import InputError

LARGEST = 64 * bounded.KIB  # twenty times what a run has; 256 KiB of empty lists take 16 s


def read_config(folder: Path, trusted: bool = False) -> DictConfig:
    """The configuration of the run in `folder`, as Hydra recorded it: nothing in it is evaluated yet.

    Raises:
        InputError: it cannot be read; or, unless it is `trusted`, it has interpolations that read
            more than the configuration (`trust`).
    """
    path = Path(folder) / ".hydra" / "config.yaml"
    config = None
    try:
        text = bounded.contents(path, LARGEST).decode()
        trust.check_yaml(text)
        config = OmegaConf.create(text)
    except FileNotFoundError:
        reason = "no such file"
    except (OSError, ValueError, TypeError, AssertionError, RecursionError, YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())[:200]
    else:
        reason = "not a mapping"
    if not isinstance(config, DictConfig):
        raise InputError(
            f"{path} is missing or damaged, so the run's configuration is unknown ({reason}). Retrain the run."
        )
    if not trusted:
        trust.check_interpolations(config, Path(folder))
    return config
