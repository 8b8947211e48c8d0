"""What a user sees of an error: plain sentences and an exit status; a traceback only with --debug."""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from ablate.printable import printable_lines

INTERRUPTED = 130  # the shell's status for a program ended by Ctrl-C
BROKEN_PIPE = 141  # and by the end of a pipe


class Told(Exception):
    """An error whose message says all that a user needs: one or two plain sentences."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the sentence, not the calls that led to it."""
        return [f"{type(self).__name__}: {self}"]


class InputError(Told):
    """Something the user gave (a setting, a file, a folder) cannot be used: what is wrong, where, and what to do."""


class RunFailed(Told):
    """A run that was started from Python ended without a result; those beside it are finished."""


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
    if os.environ.get("ABLATE_DEBUG"):
        traceback.print_exception(error)
    else:
        # It may quote a file from somebody else, and a terminal obeys more than letters.
        print(printable_lines(sentence(error)), file=sys.stderr)
    return 2 if _refused(unwrapped(error)) else 1


def unwrapped(error: BaseException) -> BaseException:
    """The error of a part, which Hydra wraps in one of its own where it builds the part."""
    from hydra.errors import InstantiationException

    return unwrapped(error.__cause__) if isinstance(error, InstantiationException) and error.__cause__ else error


def _refused(error: BaseException) -> bool:
    """True for what the user can mend: input, configuration, files and folders."""
    return isinstance(error, (InputError, OSError)) or _composing(error)


def _composing(error: BaseException) -> bool:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    return isinstance(error, (HydraException, OmegaConfBaseException))


def sentence(error: BaseException) -> str:
    """What went wrong, in one or two sentences."""
    error = unwrapped(error)
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, Exception) and _composing(error):  # before OSError: Hydra's error of a missing option is both
        from ablate.config import CONF, plain

        return plain(error, CONF)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}."
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said} (a traceback is in the run's train.log, or comes with --debug)."
