"""The overrides of the jobs of a multirun -> levels, and their order in `multirun.yaml`."""

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hydra.errors import HydraException

from ablate.analysis.sources.cells import UNSET
from ablate.config import trust
from ablate.files import bounded
from ablate.runs import json_file, study_plan
from ablate.terminal.errors import InputError

LARGEST = 64 * bounded.KIB  # bytes of overrides.yaml
LARGEST_SWEEP = 256 * bounded.KIB  # bytes of multirun.yaml, which has the app's configuration
HYDRA = re.compile(r"hydra(?:[./@].*)?", re.S)  # Hydra's own keys; `hydrator` is one of the app
Settings = dict[str, str]


def settings_of(jobs: Iterable[Path]) -> list[Settings]:
    """{key: level} of each job's overrides, without Hydra's own. Levels are written without quotes.

    Only values that differ in nothing but their quotes keep them: `null` is no value, and `'null'` a text.
    """
    written = [_overrides(job) for job in jobs]
    keys = dict.fromkeys(key for one in written for key in one)
    levels = {key: _levels(dict.fromkeys(one[key] for one in written if key in one)) for key in keys}
    return [{key: levels[key][value] for key, value in one.items()} for one in written]


def _overrides(job: Path) -> Settings:
    """{key: value as written} of a job's overrides; of two for one key the last counts."""
    path = job / ".hydra" / "overrides.yaml"
    try:
        words = _yaml(path, LARGEST)
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}). Delete the job's folder or restore the file.") from None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(f"{path} is not a list of overrides. Delete the job's folder or restore the file.")
    written: Settings = {}
    for word in words:
        key, equals, value = word.partition("=")
        name = key.lstrip("+~")
        if not HYDRA.fullmatch(name):
            written[name] = "(deleted)" if key.startswith("~") else value if equals else UNSET
    return written


def _levels(values: Iterable[str]) -> Settings:
    """{value as written: level}."""
    levels = {value: unquoted(value) for value in values}
    written: dict[str, list[str]] = {}
    for value, level in levels.items():
        written.setdefault(level, []).append(value)
    for same in written.values():
        if len(same) > 1 and len({repr(_parsed(value)) for value in same}) > 1:
            levels |= {value: value for value in same}
    return levels


def unquoted(value: str) -> str:
    """A value without quotes; those of an empty text stay."""
    return value.strip("'\"") or "''"


def _parsed(value: str) -> Any:
    """The value as Hydra understands it; as it is written if Hydra refuses it."""
    try:
        parsed = OverridesParser.create().parse_override(f"key={value}").value()
    except HydraException:
        return value
    return parsed.text if isinstance(parsed, QuotedString) else parsed


def level_order(folder: Path, varying: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The levels of each varied key in the order of `multirun.yaml`, and a sentence if that file is unusable."""
    path = folder / "multirun.yaml"
    note = f"{path.name} is missing or incomplete; the order of levels is that of the jobs."
    try:
        content = _yaml(path, LARGEST_SWEEP)
        words = content["hydra"]["overrides"]["task"]
        parsed = OverridesParser.create().parse_overrides(words)
        ordered = [one for one in parsed if one.is_discrete_sweep() and not getattr(one.value(), "shuffle", False)]
        sweeps = {one.get_key_element().lstrip("+~"): one for one in ordered}
        order = {}
        for key in varying:
            if key in sweeps:
                values = islice(sweeps[key].sweep_string_iterator(), study_plan.MOST_RUNS)
                order[key] = list(_levels(dict.fromkeys(values)).values())
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, RecursionError, HydraException, InputError):
        return {}, [note]
    return order, []


def _yaml(path: Path, most: int) -> Any:
    """The content of a YAML file of at most `most` bytes, without aliases and tags."""
    text = bounded.contents(path, most).decode()
    trust.check_yaml(text)
    content = yaml.safe_load(text)
    if "\\u" in text:  # half a surrogate pair could not be written anywhere
        json_file.check_surrogates(content)
    return content
