"""The flags of `ablate train` and `ablate plan`: Hydra's, except those that do not apply."""

import argparse
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra._internal.utils import get_args_parser  # not public; the parser of hydra.main, for its flags

from ablate.commands.flags import refuse_unknown, see_help
from ablate.terminal.errors import InputError

FLAGS = {"--extend": "study.extend=true", "--retrain": "study.retrain=true"}
NOT_OFFERED = ("--experimental-rerun",)  # of Hydra's flags: it unpickles a file
MODES = ("--run", "--multirun", "--cfg", "--info", "--shell-completion")


def hydra_arguments(words: Sequence[str], command: str) -> list[str]:
    """Convert the command line to the arguments of `hydra.main`: flags first, then overrides.

    Args:
        words: the command line after the verb.
        command: name of the command, for messages.

    Raises:
        InputError: a flag is unknown, contradicts another, or does not apply.
    """
    words = _with_info([FLAGS.get(word, word) for word in words])
    options = parsed(words, command)
    _check(options)
    flags = [word for word in words if word not in options.overrides]
    if options.config_path and not options.config_path.startswith("pkg://"):
        flags.append(f"--config-path={Path(options.config_path).absolute()}")  # Hydra would look next to its main file
    return [*flags, *options.overrides]


def parsed(words: Sequence[str], command: str, flags: Iterable[str] = ()) -> argparse.Namespace:
    """Parse the words with Hydra's parser.

    Args:
        words: the command line after the verb.
        command: name of the command, for messages.
        flags: flags of the command that are not Hydra's.

    Raises:
        InputError: a flag is unknown or abbreviated, or has an invalid value.
    """
    parser = get_args_parser()
    parser.allow_abbrev, parser.exit_on_error = False, False
    known = {flag for flag in parser._option_string_actions if flag not in NOT_OFFERED}
    refuse_unknown(command, words, {*known, *FLAGS, *flags})
    typed = [word for word in _with_info(words) if word not in {*FLAGS, *flags}]
    try:
        namespace, others = parser.parse_known_intermixed_args(typed)  # flags may be between overrides
    except argparse.ArgumentError as error:
        raise InputError(f"{command}: {error}. {see_help(command)}") from None
    if others:
        raise InputError(f"{command}: {others[0]} is not valid: the option takes no value. {see_help(command)}")
    return namespace


def _with_info(words: Sequence[str]) -> list[str]:
    """Write out the default of `--info`, which would take the following override as its value."""
    pairs = itertools.zip_longest(words, words[1:], fillvalue="")
    return ["--info=all" if word in ("--info", "-i") and "=" in after else word for word, after in pairs]


def _check(options: argparse.Namespace) -> None:
    """Raise InputError for flags that contradict each other or do not apply."""
    if options.shell_completion and "COMP_LINE" not in os.environ:
        raise InputError('--shell-completion is for shells. Use: eval "$(ablate completion bash)"')
    chosen = [flag for flag in MODES if _value(options, flag) not in (None, False)]
    if "--multirun" in chosen and len(chosen) > 1 and "--run" not in chosen:
        raise InputError(
            f"{chosen[-1]} applies to a single run, not to a study. Remove -m, or list the runs: ablate plan ..."
        )
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)} contradict each other. Use one of them.")
    if options.resolve and not (options.cfg or options.help):
        raise InputError("--resolve applies only to --cfg. Add --cfg job, or remove it.")
    if options.package and not options.cfg:
        raise InputError("--package applies only to --cfg. Add --cfg job, or remove it.")
    if options.multirun and any(word.lstrip("+") == "hydra.mode=RUN" for word in options.overrides):
        raise InputError("hydra.mode=RUN contradicts -m. Remove one of them.")


def _value(options: argparse.Namespace, flag: str) -> object:
    return getattr(options, flag.removeprefix("--").replace("-", "_"))
