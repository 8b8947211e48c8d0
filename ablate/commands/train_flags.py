"""The flags of `ablate train` and `ablate plan`: Hydra's, except those that do not apply."""

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser  # not public; the parser of hydra.main, for its flags

from ablate.terminal.errors import InputError

FLAGS = {"--extend": "study.extend=true", "--retrain": "study.retrain=true"}
MODES = ("--run", "--multirun", "--cfg", "--info", "--shell-completion")


def hydra_arguments(words: Sequence[str]) -> list[str]:
    """Convert the command line to the arguments of `hydra.main`: flags first, then overrides.

    Raises:
        InputError: a flag is unknown, contradicts another, or does not apply to `ablate`.
    """
    parser = get_args_parser()
    parser.allow_abbrev = False
    parser.error = _refuse  # type: ignore[method-assign]
    words = _with_info([FLAGS.get(word, word) for word in words])
    options, unknown = parser.parse_known_intermixed_args(words)  # Hydra's parser takes no flag between two overrides
    if unknown:
        raise InputError(f"{unknown[0]}: there is no such flag. `ablate train --help` lists the flags.")
    _check(options)
    flags = [word for word in words if word not in options.overrides]
    if options.config_path and not options.config_path.startswith("pkg://"):
        flags.append(f"--config-path={Path(options.config_path).absolute()}")  # Hydra would look next to its main file
    return [*flags, *options.overrides]


def _with_info(words: Sequence[str]) -> list[str]:
    """Write out the default of `--info`, which would take the following override as its value."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return ["--info=all" if word in ("--info", "-i") and "=" in after else word for word, after in pairs]


def _refuse(message: str) -> NoReturn:
    raise InputError(f"{message[:1].upper()}{message[1:]}. `ablate train --help` lists the flags.")


def _check(options: Namespace) -> None:
    """Raise InputError for flags that contradict each other or do not apply."""
    if options.experimental_rerun is not None:
        raise InputError("--experimental-rerun is not supported. Use: ablate reproduce RUN")
    if options.shell_completion and "COMP_LINE" not in os.environ:
        raise InputError('--shell-completion is for shells. Use: eval "$(ablate completion bash)"')
    chosen = [flag for flag in MODES if _value(options, flag) not in (None, False)]
    if "--multirun" in chosen and len(chosen) > 1 and "--run" not in chosen:
        raise InputError(
            f"{chosen[-1]} applies to a single run, not to a study. Remove -m, or list the runs: ablate plan ..."
        )
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)} contradict each other. Use one of them.")
    for flag in ("--resolve", "--package"):
        if _value(options, flag) and not options.cfg and not (flag == "--resolve" and options.help):
            raise InputError(f"{flag} applies only to --cfg. Add --cfg job, or remove it.")
    if options.multirun and any(word.lstrip("+") == "hydra.mode=RUN" for word in options.overrides):
        raise InputError("hydra.mode=RUN contradicts -m. Remove one of them.")


def _value(options: Namespace, flag: str) -> object:
    return getattr(options, flag.removeprefix("--").replace("-", "_"))
