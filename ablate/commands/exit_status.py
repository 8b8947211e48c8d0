"""How a command ends: an exit status, and an error as plain sentences on stderr; a traceback only with --debug."""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from ablate.terminal.errors import InputError
from ablate.terminal.text import printable_lines

INTERRUPTED = 130  # the shell's status for a program ended by Ctrl-C
BROKEN_PIPE = 141  # and by the end of a pipe
# Module of each dependency in pyproject.toml -> what pip calls it; verbs need some each.
DEPENDENCIES = {
    **{name: name for name in ("torch", "torchvision", "omegaconf", "msgspec", "filelock", "rich")},
    **{name: name for name in ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "plotly")},
    **{name: name for name in ("typst", "tabulate", "jinja2")},
    **{"hydra": "hydra-core", "PIL": "pillow", "sklearn": "scikit-learn"},
}


def guarded(command: Callable[[Sequence[str]], int], words: Sequence[str]) -> int:
    """Run a command with its arguments; what goes wrong becomes a sentence on stderr and an exit status.

    0 as the command says; 1 a run failed; 2 refused (input, configuration, files); 130 interrupted.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` is as good a reason to stop in order as Ctrl-C
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, instead of printing and exiting
    if "--debug" in words:
        os.environ["ABLATE_DEBUG"] = "1"  # an environment variable reaches the workers of a launcher too
    # A log that cannot be written, as on a full disk, is no reason for a traceback: what fails next says it.
    logging.raiseExceptions = "ABLATE_DEBUG" in os.environ
    try:
        return command([word for word in words if word != "--debug"])
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has all it wants
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still flushes at exit
        return BROKEN_PIPE
    except Exception as error:
        return explain(error)


def explain(error: Exception) -> int:
    """Print what went wrong, with a traceback only after --debug; returns the exit status."""
    missing = DEPENDENCIES.get(error.name or "") if isinstance(error, ModuleNotFoundError) else None
    if missing:  # it may be Hydra, which the rest needs
        text = f"The package {missing} is not installed, and this command needs it. Run: pip install {missing}"
        print(text, file=sys.stderr)
        return 2
    from ablate.config.messages import sentence, unwrapped  # Hydra, for which --help does not wait

    if os.environ.get("ABLATE_DEBUG"):
        traceback.print_exception(error)
    else:
        # It may quote a file from somebody else, and a terminal obeys more than letters.
        print(printable_lines(sentence(error)), file=sys.stderr)
    return 2 if _refused(unwrapped(error)) else 1


def _refused(error: BaseException) -> bool:
    """True for what the user can mend: input, configuration, files and folders."""
    from ablate.config.messages import is_composition_error

    return isinstance(error, (InputError, OSError)) or is_composition_error(error)
