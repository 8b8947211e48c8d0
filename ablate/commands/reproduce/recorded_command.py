"""What the recorded command of a run may do without `--trust`: choose options and set keys of a run, nothing else.

The command and its option files are checked before anything is composed, and the composed configuration after that.
Composing calls nothing. `ablate train` then runs the same command.
"""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.config import schema, trust
from ablate.files import bounded
from ablate.runs import options
from ablate.terminal.errors import InputError

SINGLE = "hydra.mode=RUN"  # the one setting of Hydra in recorded commands
KEYS = {field.name for field in dataclasses.fields(schema.Config)} | {"experiment"}
NAME = re.compile(r"(?!.*\.\.)\w[\w./-]*")  # of a configuration file in a folder of options
MOST_FILES = 1000
# Hydra's settings that a single run does not use. Everything else must be as in `conf/`.
UNUSED = ("mode", "overrides", "runtime", "sweep", "sweeper", "launcher")
OPTUNA = re.compile(r"optuna\.(samplers|pruners)\.[A-Z]\w*")


def check_command(run: Path, flags: Mapping[str, str], overrides: Sequence[str]) -> None:
    """Check the words of a recorded command and the option files that it names. Composes nothing.

    Args:
        run: folder of the run.
        flags: Hydra's flags, {flag: value}.
        overrides: the other words.

    Raises:
        InputError: a word or file does more than choose options and set keys of a run.
    """
    for word in overrides:
        if word != SINGLE and (word.startswith("-") or not _is_setting(word)):
            raise _refusal(run, f"has {word!r}")
    if not NAME.fullmatch(flags.get("--config-name", "config")):
        raise _refusal(run, f"has --config-name {flags['--config-name']!r:.80}")
    if "--config-dir" in flags:
        folder = Path(flags["--config-dir"])
        if not folder.resolve().is_relative_to(run.resolve()):
            raise _refusal(run, f"reads options outside of the run's folder ({folder})")
        for path in _files(run, folder):
            if path.relative_to(folder).parts[:2] == ("hydra", "schema"):  # would replace the types of all settings
                raise _refusal(run, f"replaces the schema of this package ({path})")
            _check_file(run, path)


def check_hydra(run: Path, hydra: DictConfig, expected: DictConfig) -> None:
    """Check Hydra's own settings in the composed configuration: callbacks, logging, job, sweeper, launcher and so on.

    Args:
        run: folder of the run.
        hydra: the settings.
        expected: those of a command without overrides.

    Raises:
        InputError: they differ in a setting that a single run uses, or call anything that is not in `conf/`.
    """
    settings, standard = _plain(hydra), _plain(expected)
    changed = [name for name in {**settings, **standard} if settings.get(name) != standard.get(name)]
    if others := [name for name in changed if name not in UNUSED]:
        raise _refusal(run, f"sets hydra.{others[0]}")
    for name in UNUSED:
        known = trust.package_targets(f"hydra/{name}")
        for _, target in trust.targets(settings.get(name)):
            if target not in known and not OPTUNA.fullmatch(str(target)):
                raise _refusal(run, f"sets hydra.{name} to call {target!r:.80}")


def _is_setting(word: str) -> bool:
    """Return True for an override of one option or key of a run, without interpolations that read more than the run."""
    override: Override = OverridesParser.create().parse_override(word)
    root = re.split("[./]", override.key_or_group)[0]
    is_path = "." not in override.key_or_group and ".." in word  # an option outside of the folders of options
    is_plain = override.package is None and not override.is_sweep_override() and not is_path
    return root in KEYS and is_plain and not trust.reads_more(word)


def _files(run: Path, folder: Path) -> Iterator[Path]:
    """Yield the YAML files in a folder; links, through which Hydra would read other files, are refused."""
    count = 0
    for place, folders, files in os.walk(folder):
        paths = [Path(place, name) for name in (*folders, *files)]
        count += len(paths)
        if links := [path for path in (Path(place), *paths) if path.is_symlink()]:
            raise _refusal(run, f"reads options through a link ({links[0]})")
        if count > MOST_FILES:
            raise _refusal(run, f"reads a folder of more than {MOST_FILES} options ({folder})")
        yield from (path for path in paths if path.suffix == ".yaml")


def _check_file(run: Path, path: Path) -> None:
    """Refuse an option file that would extend Hydra's search path, or include files from elsewhere."""
    try:
        text = bounded.contents(path, options.LARGEST).decode()
        trust.check_yaml(text)
        content: Any = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (OSError, ValueError, TypeError, RecursionError, YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is not a valid option file ({reason}). Get a fresh copy of the run.") from None
    settings = content if isinstance(content, dict) else {}
    hydra = settings.get("hydra") or {}
    if not isinstance(hydra, dict) or "searchpath" in hydra:
        raise _refusal(run, f"sets hydra.searchpath ({path})")
    included = str(settings.get("defaults", ""))
    if ".." in included or trust.reads_more(included):
        raise _refusal(run, f"includes files from elsewhere ({path})")


def _plain(hydra: DictConfig) -> dict[str, Any]:
    """Hydra's settings as written, without the words of the command."""
    settings: Any = OmegaConf.to_container(hydra, resolve=False)
    settings["job"] = {**settings["job"], "override_dirname": None, "config_name": None}
    return settings


def _refusal(run: Path, does: str) -> InputError:
    return InputError(f"The command of {run} {does}, which can run other code. {trust.ADVICE}")
