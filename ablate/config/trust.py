"""A configuration from somebody else: what it may name and read, unless the user trusts it (`--trust`).

Hydra calls whatever a `_target_` names, and OmegaConf puts in whatever an interpolation such as `${oc.env:KEY}` reads.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config import user_code
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

LIBRARIES = ("torch", "torchvision", "timm")
PARTS = ("torch.nn.", "torch.optim.", "torchvision.", "timm.")  # where in these the class of a part may be
PLAIN = re.compile(r"\$\{[\w.\[\]-]+\}")  # `${key}`: another value of the same configuration
INTERPOLATIONS = 16  # in one configuration: a hundred that each double the last would fill the memory
DEPTH = 50  # of lists and mappings in each other; our own are 4 deep
ADVICE = "If you trust who made it, say --trust."


def check(config: DictConfig, where: Path, trusted: bool) -> None:
    """Refuse the configuration of the run in `where` if building its parts could run or read what is not ours.

    Allowed are the targets that an option in `conf/` names, and the layers, networks and optimisers of PyTorch,
    torchvision and timm. A `trusted` configuration may name anything.

    Raises:
        InputError: names the targets, or the interpolations, that are not allowed.
    """
    if trusted:
        user_code.search()
        return
    check_interpolations(config, where)
    try:
        settings = OmegaConf.to_container(config, resolve=True)
    except (OmegaConfBaseException, ValueError, RecursionError) as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"The configuration of {where} cannot be resolved ({first}). Train the run again.") from None
    # A part of it is resolved twice, as the data are: put together, or escaped, text would then be read after all.
    if again := [text for text in _texts(settings) if "${" in text]:
        raise _refusal(where, "holds interpolations of interpolations", again)
    if unknown := [str(target) for target in user_code.targets(settings) if not _known(target)]:
        raise _refusal(where, "calls", unknown)


def check_interpolations(config: DictConfig, where: Path) -> None:
    """Refuse a configuration that reads more than its own values, such as the environment; nothing is evaluated.

    Raises:
        InputError: names such interpolations; or there are more than `INTERPOLATIONS`.
    """
    texts = [text for text in _texts(OmegaConf.to_container(config, resolve=False)) if "${" in text]
    if foreign := [text for text in texts if "${" in _without(text)]:
        raise _refusal(where, "reads", foreign)
    if (count := sum(text.count("${") for text in texts)) > INTERPOLATIONS:
        raise _refusal(where, f"has {count} interpolations, more than {INTERPOLATIONS}, such as", texts)


def check_yaml(text: str) -> None:
    """Refuse YAML with aliases (few of which unpack to gigabytes), tags, or `DEPTH` levels.

    Raises:
        ValueError: says which; or the text is no YAML (`yaml.YAMLError`).
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("aliases and tags are not read")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it is more than {DEPTH} levels deep")


def _refusal(where: Path, does: str, texts: list[str]) -> InputError:
    named = first_few([repr(text[:80]) for text in texts], 5)
    return InputError(f"The configuration of {where} {does} {named}: that is not of this package. {ADVICE}")


def _without(text: str) -> str:
    """The text without the interpolations that are allowed."""
    for known in _ours("interpolation"):
        text = text.replace(known, " ")  # a blank, lest what is left and right of it make a new one
    return PLAIN.sub(" ", text)


@cache
def _ours(kind: str) -> frozenset[str]:
    """The targets, or the interpolations, that the option files of this package spell out."""
    from ablate.config import CONF

    pattern = r"_target_: *([\w.]+)" if kind == "target" else r"\$\{[^${}]*\}"
    files = [path for path in CONF.rglob("*.yaml") if path.relative_to(CONF).parts[0] != "hydra"]
    return frozenset(found for path in files for found in re.findall(pattern, path.read_text(encoding="utf-8")))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for value in user_code.children(node):
        yield from _texts(value)


def _known(target: Any) -> bool:
    return isinstance(target, str) and (target in _ours("target") or _is_part(target))


def _is_part(target: str) -> bool:
    """True for the class of a layer, network or optimiser, public in one of `LIBRARIES` itself."""
    root, *names = target.split(".")
    if root not in LIBRARIES or any(not name.isidentifier() or name.startswith("_") for name in names):
        return False
    from torch import nn, optim

    try:
        found = _library(root)
        for name in names:
            found = getattr(found, name)  # never an import: Hydra takes the same steps, and a module runs when imported
            # `torch.os` is a module too, and a function or an instance leads anywhere.
            if not (_of(found, LIBRARIES) if isinstance(found, ModuleType) else isinstance(found, type)):
                return False
    except Exception:  # there is no such name, or the library is not here or has one of its own ways to say so
        return False
    return isinstance(found, type) and issubclass(found, (nn.Module, optim.Optimizer)) and _of(found, PARTS)


def _library(name: str) -> ModuleType:
    import importlib

    if name != "torch":
        from ablate.backend.torchvision import torchvision  # noqa: F401  (first, here: see there)
    return importlib.import_module(name)


def _of(found: ModuleType | type, places: tuple[str, ...]) -> bool:
    name = found.__name__ if isinstance(found, ModuleType) else found.__module__
    return any(f"{name}.".startswith(f"{place.rstrip('.')}.") for place in places)
