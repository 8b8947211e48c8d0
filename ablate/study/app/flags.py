"""Flags of Hydra that contradict a study, and unknown keys, refused in a sentence before Hydra refuses them."""

from collections.abc import Sequence

import msgspec
from hydra._internal.utils import get_args_parser  # not public; the parser of hydra.main

from ablate.study.app.settings import LocalLauncher, Settings, check_names
from ablate.terminal.errors import InputError

SWEEPER = "hydra/sweeper=ablate"
# Word that selects an option -> the section with its settings, and their type.
SECTIONS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    SWEEPER: ("hydra.sweeper", Settings),
    "hydra/launcher=ablate_local": ("hydra.launcher", LocalLauncher),
}
OF_ONE_RUN = ("cfg", "info", "run")


def check(words: Sequence[str]) -> None:
    """Check the command line of an app, if it selects our sweeper.

    Raises:
        InputError: a flag applies to a single run only, or needs another one; or a key of our sweeper or launcher is
            unknown.
    """
    if SWEEPER not in words:
        return
    options, _ = get_args_parser().parse_known_args(words)
    _check_keys(options.overrides)
    if options.multirun and (flags := [flag for flag in OF_ONE_RUN if getattr(options, flag)]):
        raise InputError(
            f"--{flags[0]} applies to a single run, not to a study. Remove -m, or list the runs of the study with"
            " hydra.sweeper.dry_run=true."
        )
    if options.resolve and not (options.cfg or options.help):
        raise InputError("--resolve applies only to --cfg. Add --cfg job, or remove it.")
    if options.package and not options.cfg:
        raise InputError("--package applies only to --cfg. Add --cfg job, or remove it.")


def _check_keys(words: Sequence[str]) -> None:
    """Refuse overrides of settings that the chosen sweeper and launcher of this package do not have."""
    for section, kind in (SECTIONS[word] for word in words if word in SECTIONS):
        keys = [word.lstrip("+~").partition("=")[0] for word in words]
        names = [key.removeprefix(f"{section}.").split(".")[0] for key in keys if key.startswith(f"{section}.")]
        check_names(names, [field.name for field in msgspec.structs.fields(kind)], section)
