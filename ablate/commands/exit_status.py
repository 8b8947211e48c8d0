"""Exit status and error messages of every command. Tracebacks are only printed with --debug."""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from ablate.backend import signals
from ablate.terminal import output, streams
from ablate.terminal.errors import INTERRUPTED, InputError
from ablate.terminal.text import printable_lines

BROKEN_PIPE = 141  # 128 + SIGPIPE
# {imported module: pip package} of the dependencies in pyproject.toml.
DEPENDENCIES = {
    **{name: name for name in ("torch", "torchvision", "omegaconf", "msgspec", "filelock", "rich")},
    **{name: name for name in ("numpy", "pandas", "scipy", "statsmodels", "matplotlib")},
    **{name: name for name in ("typst", "tabulate", "jinja2", "cloudpickle")},
    **{"hydra": "hydra-core", "PIL": "pillow", "sklearn": "scikit-learn", "markdown_it": "markdown-it-py"},
}


def run_command(command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a command; turn an exception into a message on stderr and an exit status.

    Args:
        command: takes the arguments and returns an exit status.
        arguments: the command line after the verb; `--debug` is removed.

    Returns:
        The status of the command; 1 if it failed, 2 if its input was refused, 130 if it was interrupted.
    """
    signals.interrupt_when_stopped()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise exceptions instead of printing and exiting
    if "--debug" in arguments:
        os.environ["ABLATE_DEBUG"] = "1"  # inherited by the worker processes of a launcher
    # Without this, logging prints a traceback if a log cannot be written, for example on a full disk.
    logging.raiseExceptions = "ABLATE_DEBUG" in os.environ
    try:
        try:
            return command([argument for argument in arguments if argument != "--debug"])
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt as error:
        output.report(printable_lines(f"Interrupted. {error}".strip()))
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has exited
        _discard_output()
        return BROKEN_PIPE
    except Exception as error:
        if isinstance(error, OSError) and error.filename == streams.OUTPUT:
            _discard_output()
        return explain(error)


def _discard_output() -> None:
    """Discard the rest of standard output, which Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain(error: Exception) -> int:
    """Print the message of an exception, or its traceback with --debug; return the exit status."""
    missing = DEPENDENCIES.get(error.name or "") if isinstance(error, ModuleNotFoundError) else None
    if missing:  # handled first, because `ablate.config` needs Hydra
        output.report(f"This command needs the package {missing}. Run: pip install {missing}")
        return 2
    from ablate.config.messages import sentence, unwrapped  # imports Hydra, which takes a while

    debug = bool(os.environ.get("ABLATE_DEBUG"))
    message = "".join(traceback.format_exception(error)) if debug else sentence(error)
    output.report(printable_lines(message))  # it may quote an untrusted file
    return 2 if _refused(unwrapped(error)) else 1


def _refused(error: BaseException) -> bool:
    """True for errors in the input of the user: configuration, files, folders."""
    from ablate.config.messages import is_composition_error

    return isinstance(error, (InputError, OSError)) or is_composition_error(error)
