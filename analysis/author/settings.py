"""The YAML block at the start of report.md: labels and order of the variants, figures of the PDF, style."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import yaml

from ablate.config.trust import check_yaml
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of the report.

    Attributes:
        labels: {variant: text}.
        order: the first variants after the baseline.
        figures: names of the figures in the PDF, in this order; None: those that fit.
        style: {key of Matplotlib: value or list of values}, as text.
    """

    labels: dict[str, str] = {}
    order: list[str] = []
    figures: list[str] | None = None
    style: dict[str, str | list[str]] = {}


def read(text: str, path: Path) -> Settings:
    """Read the settings.

    Args:
        text: YAML, without aliases and tags. All values are text, also those that YAML takes for numbers.
        path: of the file, for errors.

    Raises:
        InputError: the text is not valid YAML, or has unknown keys, wrong types or a key twice.
    """
    try:
        check_yaml(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        return msgspec.convert({} if root is None else _plain(root), Settings)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""  # below the line ---
        reason = getattr(error, "problem", None) or "invalid character"
        raise InputError(f"{path}{line}: the block between the lines --- is not valid YAML ({reason}).") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the block between the lines --- cannot be used: {error}.") from None


def _plain(node: yaml.Node) -> Any:
    """A node as text, list or dict."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ValueError("a list or an object cannot be a key")
            name = str(key.value)
            if name in content:
                raise ValueError(f"{name!r:.80} is repeated; remove one")
            content[name] = _plain(value)
        return content
    return node.value


def check_figures(settings: Settings, known: Collection[str], path: Path) -> None:
    """Raise InputError if `figures` names one that no report has, or one twice."""
    names = settings.figures or []
    for name in names:
        if name not in known:
            raise InputError(
                f"{path}: no figure is called {name!r:.80}.{did_you_mean(name, known)} The figures are"
                f" {first_few(known, len(known))}."
            )
        if names.count(name) > 1:
            raise InputError(f"{path}: figures names {name} twice.")
