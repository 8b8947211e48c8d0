"""Flags of Hydra that contradict a study, refused in a sentence before Hydra refuses them with a traceback."""

from collections.abc import Sequence

from hydra._internal.utils import get_args_parser  # not public; the parser of hydra.main

from ablate.terminal.errors import InputError

SWEEPER = "hydra/sweeper=ablate"
OF_ONE_RUN = ("cfg", "info", "run")


def check(words: Sequence[str]) -> None:
    """Check the command line of an app, if it selects our sweeper.

    Raises:
        InputError: a flag applies to a single run only, or needs another one.
    """
    if SWEEPER not in words:
        return
    options, _ = get_args_parser().parse_known_args(words)
    if options.multirun and (flags := [flag for flag in OF_ONE_RUN if getattr(options, flag)]):
        raise InputError(
            f"--{flags[0]} applies to a single run, not to a study. Remove -m, or list the runs of the study with"
            " hydra.sweeper.dry_run=true."
        )
    if options.resolve and not (options.cfg or options.help):
        raise InputError("--resolve applies only to --cfg. Add --cfg job, or remove it.")
    if options.package and not options.cfg:
        raise InputError("--package applies only to --cfg. Add --cfg job, or remove it.")
