"""Messages for errors of an app, and of its configuration."""

import re

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ablate.terminal.errors import UserError
from ablate.terminal.text import shortened

COLORS = re.compile(r"\x1b\[[0-9;]*m")
LONGEST = 600  # characters
TRACEBACK = "traceback.txt"  # in the folder of a failed run


def of_configuration(error: HydraException | OmegaConfBaseException) -> str:
    """Hydra's message in one line: what cannot be composed, and which options the app has."""
    text = re.split(r"\n\s*(?:Config search path|full_key|object_type|Set the environment)", str(error))[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    options = next((place for place, line in enumerate(lines) if line.startswith("Available options")), len(lines))
    listed = f" {lines[options]} {', '.join(lines[options + 1 :])}." if lines[options + 1 :] else ""
    return shortened(f"{' '.join(lines[:options]).rstrip('.')}.{listed}", LONGEST)


def of_run(error: BaseException) -> str:
    """Why a run failed: the type and text of the exception that its main function raised."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted before its end."
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"The app called sys.exit({error.code})."
    text = " ".join(COLORS.sub("", str(error)).split())
    return f"{shortened(f'{type(error).__name__}: {text}', LONGEST)} (traceback in the run's {TRACEBACK})."
