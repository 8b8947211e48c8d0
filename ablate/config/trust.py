"""Checks of an untrusted configuration, such as one in a run folder from the internet.

Hydra calls whatever a `_target_` names, and OmegaConf inserts whatever an interpolation such as `${oc.env:KEY}` reads.
Without `--trust`, only known targets and interpolations are allowed.
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
ALLOWED_MODULES = ("torch.nn.", "torch.optim.", "torchvision.", "timm.")  # in which a class may be defined
PLAIN = re.compile(r"\$\{[\w.\[\]-]+\}")  # `${key}`: a value of the same configuration
INTERPOLATIONS = 16  # per configuration: a hundred that each double the previous one would fill the memory
DEPTH = 50  # levels of nested lists and mappings; the option files of this package have 4
ADVICE = "Use --trust if you trust its source."


def check(config: DictConfig, where: Path, trusted: bool) -> None:
    """Raise InputError if instantiating a configuration could run code or read values from outside of it.

    Allowed are the targets in `conf/`, and the layers, networks and optimizers of PyTorch, torchvision and timm.

    Args:
        config: the configuration.
        where: folder of the run, for messages.
        trusted: allow everything, and add the current folder to Python's search path.

    Raises:
        InputError: targets or interpolations are not allowed. The message names them.
    """
    if trusted:
        user_code.search()
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
    if foreign := [str(target) for target in user_code.targets(settings) if not _is_allowed(target)]:
        raise _refusal(where, "calls", foreign)


def check_interpolations(config: DictConfig, where: Path) -> None:
    """Check that a configuration reads only its own values, and not, for example, the environment.

    Evaluates no interpolation.

    Raises:
        InputError: an interpolation is not allowed, or there are more than `INTERPOLATIONS`.
    """
    texts = [text for text in _texts(OmegaConf.to_container(config, resolve=False)) if "${" in text]
    if foreign := [text for text in texts if "${" in _remove_allowed(text)]:
        raise _refusal(where, "reads", foreign)
    if (count := sum(text.count("${") for text in texts)) > INTERPOLATIONS:
        raise _refusal(where, f"has {count} interpolations, more than {INTERPOLATIONS}, such as", texts)


def check_yaml(text: str) -> None:
    """Check that YAML has no aliases (a few can expand to gigabytes), no tags, and at most `DEPTH` levels.

    Raises:
        ValueError: it has one of these.
        yaml.YAMLError: the text is not valid YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise ValueError("aliases and tags are not supported")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it is more than {DEPTH} levels deep")


def _refusal(where: Path, does: str, texts: list[str]) -> InputError:
    named = first_few([repr(text[:80]) for text in texts], 5)
    return InputError(f"The configuration of {where} {does} {named}, which is not part of this package. {ADVICE}")


def _remove_allowed(text: str) -> str:
    """Remove the allowed interpolations from a text."""
    for allowed in _package_values("interpolation"):
        text = text.replace(allowed, " ")  # by a space, so that the text around it cannot form a new interpolation
    return PLAIN.sub(" ", text)


@cache
def _package_values(kind: str) -> frozenset[str]:
    """Collect the targets (`kind` target) or the interpolations in the option files of this package."""
    from ablate.config import CONF

    pattern = r"_target_: *([\w.]+)" if kind == "target" else r"\$\{[^${}]*\}"
    files = [path for path in CONF.rglob("*.yaml") if path.relative_to(CONF).parts[0] != "hydra"]
    return frozenset(match for path in files for match in re.findall(pattern, path.read_text(encoding="utf-8")))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for value in user_code.children(node):
        yield from _texts(value)


def _is_allowed(target: Any) -> bool:
    return isinstance(target, str) and (target in _package_values("target") or _is_library_class(target))


def _is_library_class(target: str) -> bool:
    """Return True for a public layer, network or optimizer class that is defined in one of `LIBRARIES`."""
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
    is_class = isinstance(value, type) and issubclass(value, (nn.Module, optim.Optimizer))
    return is_class and _defined_in(value, ALLOWED_MODULES)


def _library(name: str) -> ModuleType:
    import importlib

    if name != "torch":
        from ablate.backend.torchvision import torchvision  # noqa: F401  (must come before timm: see there)
    return importlib.import_module(name)


def _defined_in(value: ModuleType | type, modules: tuple[str, ...]) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else value.__module__
    return any(f"{name}.".startswith(f"{module.rstrip('.')}.") for module in modules)
