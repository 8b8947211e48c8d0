"""Checks of an untrusted configuration, such as one in a run folder from the internet.

Hydra calls whatever a `_target_` names, and OmegaConf inserts whatever an interpolation such as `${oc.env:KEY}` reads.
Without `--trust`, only known targets and interpolations are allowed.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ablate.config import user_code
from ablate.config.folder import CONF
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

LIBRARIES = ("torch", "torchvision", "timm")
LAYERS = ("model", "normalization", "activation", "augmentation", "loss")  # groups that may build layers of these
ALLOWED_MODULES = ("torch.nn.", "torch.optim.", "torchvision.", "timm.")  # in which a class may be defined
PLAIN = re.compile(r"\$\{[\w.\[\]-]+\}")  # `${key}`: a value of the same configuration
INTERPOLATIONS = 16  # per configuration: a hundred that each double the previous one would fill the memory
STEPS = "augmentation"  # group with a target per step: `augmentation.flip._target_`
DEPTH = 50  # levels of nested lists and mappings; the option files of this package have 4
ADVICE = "Use --trust if you trust its source."


def check(config: DictConfig, where: Path, trusted: bool) -> None:
    """Raise InputError if instantiating a configuration could run code or read values from outside of it.

    In each group, only the targets of its options in `conf/` are allowed, at the place where they have them; in a part
    of the network also the layers of PyTorch, torchvision and timm, and in `optimizer` their optimizers.

    Args:
        config: the configuration.
        where: folder of the run, for messages.
        trusted: allow everything, also the user's modules in the current folder.

    Raises:
        InputError: targets or interpolations are not allowed. The message names them.
    """
    if trusted:
        user_code.make_importable(OmegaConf.to_container(config, resolve=False))
        return
    check_interpolations(config, where)
    try:
        settings = OmegaConf.to_container(config, resolve=True)
    except (OmegaConfBaseException, ValueError, RecursionError) as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"The configuration of {where} cannot be resolved ({first}). Retrain the run.") from None
    # Some nodes are resolved twice, such as `data`. Text that is escaped or concatenated would be evaluated then.
    if nested := [text for text in _texts(settings) if "${" in text]:
        raise _refusal(where, "has nested interpolations:", nested)
    foreign = [(place, str(target)) for place, target in targets(settings) if not _is_allowed(place, target)]
    known = {target for path in CONF.iterdir() for target in package_targets(path.name)}
    if unknown := [target for _, target in foreign if target not in known]:
        raise _refusal(where, "calls", unknown)
    if foreign:
        place, target = foreign[0]
        raise _refusal(where, "calls", [target], f"which does not belong to {'.'.join(place) or 'the whole run'}")


def check_interpolations(config: DictConfig, where: Path) -> None:
    """Check that a configuration reads only its own values, and not, for example, the environment.

    Evaluates no interpolation.

    Raises:
        InputError: an interpolation is not allowed, or there are more than `INTERPOLATIONS`.
    """
    texts = [text for text in _texts(OmegaConf.to_container(config, resolve=False)) if "${" in text]
    if foreign := [text for text in texts if reads_more(text)]:
        raise _refusal(where, "reads", foreign)
    if (count := sum(text.count("${") for text in texts)) > INTERPOLATIONS:
        raise _refusal(where, f"has {count} interpolations, more than {INTERPOLATIONS}, such as", texts)


def check_yaml(text: str) -> None:
    """Check that YAML has keys or a list, no aliases (which can expand to gigabytes), no tags, at most `DEPTH` levels.

    Raises:
        ValueError: it has one of these.
        yaml.YAMLError: the text is not valid YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("aliases and tags are not supported")
        if isinstance(event, yaml.ScalarEvent) and not depth:
            raise ValueError("it is a single value instead of keys")  # on which OmegaConf fails with an assertion
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it is more than {DEPTH} levels deep")


def _refusal(where: Path, does: str, texts: list[str], why: str = "which is not part of this package") -> InputError:
    named = first_few([repr(text[:80]) for text in texts], 5)
    return InputError(f"The configuration of {where} {does} {named}, {why}. {ADVICE}")


def reads_more(text: str) -> bool:
    """Return True if a text has an interpolation that reads more than the configuration itself."""
    for allowed in _package_interpolations():
        text = text.replace(allowed, " ")  # by a space, so that the text around it cannot form a new interpolation
    return "${" in PLAIN.sub(" ", text)


@cache
def package_targets(group: str) -> frozenset[str]:
    """Return the targets of the options of a group; empty for a name that is not a group of this package."""
    if not re.fullmatch(r"\w+(/\w+)?", group):
        return frozenset()
    return frozenset(_matches(r"^ *_target_: *([\w.]+)", (CONF / group).glob("*.yaml")))


@cache
def _package_interpolations() -> frozenset[str]:
    """Return the interpolations in the option files of this package, except in Hydra's own settings."""
    files = (path for path in CONF.rglob("*.yaml") if path.relative_to(CONF).parts[0] != "hydra")
    return frozenset(_matches(r"\$\{[^${}]*\}", files))


def _matches(pattern: str, files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        yield from re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for value in user_code.children(node):
        yield from _texts(value)


def targets(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (keys of the node that has it, value) of every `_target_` in nested dicts and lists."""
    if isinstance(node, dict) and "_target_" in node:
        yield place, node["_target_"]
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from targets(value, (*place, str(key)))


def _is_allowed(place: tuple[str, ...], target: Any) -> bool:
    if not place or not isinstance(target, str):
        return False
    group = place[0]
    if target in package_targets(group) and len(place) == (2 if group == STEPS else 1):
        return True
    return group in (*LAYERS, "optimizer") and _is_library_class(target, is_optimizer=group == "optimizer")


def _is_library_class(target: str, is_optimizer: bool) -> bool:
    """Return True for a public layer or network class, or optimizer class, that is defined in one of `LIBRARIES`."""
    root, *names = target.split(".")
    if root not in LIBRARIES or any(not name.isidentifier() or name.startswith("_") for name in names):
        return False
    from torch import nn, optim

    try:
        value = _library(root)
        for name in names:
            value = getattr(value, name)  # as Hydra does, but never an import, which would run code
            # Refuses foreign modules such as `torch.os`, and functions and instances, whose attributes may be anything.
            if not (_defined_in(value, LIBRARIES) if isinstance(value, ModuleType) else isinstance(value, type)):
                return False
    except Exception:  # no such name, or the library is not installed; libraries raise many kinds
        return False
    is_class = isinstance(value, type) and issubclass(value, optim.Optimizer if is_optimizer else nn.Module)
    return is_class and _defined_in(value, ALLOWED_MODULES)


def _library(name: str) -> ModuleType:
    import importlib

    if name != "torch":
        from ablate.backend.torchvision import torchvision  # noqa: F401  (must come before timm: see there)
    return importlib.import_module(name)


def _defined_in(value: ModuleType | type, modules: tuple[str, ...]) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else value.__module__
    return any(f"{name}.".startswith(f"{module.rstrip('.')}.") for module in modules)
