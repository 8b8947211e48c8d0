"""`options/` in a run folder: copies of the user's option files in the run's configuration."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ablate.config.folder import CONF
from ablate.files import atomic, bounded

FOLDER = "options"
LARGEST = 64 * bounded.KIB  # of an option file, as of a recorded configuration


def files(hydra: Any) -> dict[str, bytes]:
    """Return {path: content} of the user's option files in the configuration; a path is, for example, `model/my.yaml`.

    Args:
        hydra: Hydra's settings of the run.
    """
    places = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    contents: dict[str, bytes] = {}
    waiting = [str(hydra.job.config_name), *_chosen(hydra.runtime.choices), *_listed(hydra.overrides.task)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        folder = next((folder for folder in places if (folder / f"{name}.yaml").is_file()), CONF)
        if name in seen or folder == CONF:  # an option of this package
            continue
        seen.add(name)
        contents[f"{name}.yaml"] = bounded.contents(folder / f"{name}.yaml", LARGEST)
        waiting += _included(name, contents[f"{name}.yaml"])
    return contents


def write(folder: Path, hydra: Any) -> None:
    """Write the option files into `options/` of a run's folder."""
    for name, content in files(hydra).items():
        path = folder / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, content)


def _chosen(choices: Mapping[str, Any]) -> Iterator[str]:
    """Yield `group/option` for each selected option; a group may have several."""
    for group, option in choices.items():
        options = yaml.safe_load(option) if isinstance(option, str) and option.startswith("[") else option
        for name in options if isinstance(options, list) else [options]:
            if name is not None:
                yield f"{group.partition('@')[0]}/{name}"


def _listed(overrides: Iterable[str]) -> Iterator[str]:
    """Yield `group/option` for each option of a list, `augmentation=[flip,mine]`, which Hydra's choices lack."""
    for override in overrides:
        group, _, options = override.lstrip("+").partition("=")
        if options.startswith("[") and group.isidentifier():
            yield from (f"{group}/{name.strip()}" for name in options.strip("[]").split(","))


def _included(name: str, content: bytes) -> Iterator[str]:
    """Yield the entries in the defaults list of an option file that Hydra's choices do not include.

    These are the entries without a group, and lists of options.
    """
    loaded = yaml.safe_load(content)
    group = name.rpartition("/")[0]
    for entry in (loaded.get("defaults") or []) if isinstance(loaded, dict) else []:
        if isinstance(entry, str) and entry != "_self_":
            place = entry.partition("@")[0].removesuffix(".yaml")
            yield place[1:] if place.startswith("/") else f"{group}/{place}" if group else place
        for key, options in entry.items() if isinstance(entry, dict) else ():
            names = options if isinstance(options, list) else ()  # which Hydra's choices lack
            yield from (f"{key.removeprefix('override ').lstrip('/')}/{name}" for name in names)
