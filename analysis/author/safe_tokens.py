"""Tokens of Markdown -> tokens that HTML and Typst can show.

Text is printable. Links lead to web and mail addresses, images are files of the study folder, formulas are drawn. What
cannot be shown is replaced by its text, with a warning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it.token import Token

from ablate.analysis.author import image_files
from ablate.analysis.author.markdown import NESTING
from ablate.terminal.errors import InputError
from ablate.terminal.text import printable, printable_lines, shortened

MOST_FORMULAS = 300
LONGEST_FORMULAS = 20_000  # characters of all of them
MOST_IMAGES = 50
LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.I)


@dataclass
class Checked:
    """What the tokens refer to.

    Attributes:
        warnings: sentences on what is not shown.
        files: {file name: content} of the images and formulas.
        images: number of images that were read.
        room: what further images may take.
        formulas: number of formulas.
        formula_characters: their length.
    """

    warnings: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    images: int = 0
    room: image_files.Room = field(default_factory=image_files.Room)
    formulas: int = 0
    formula_characters: int = 0


def check(tokens: list[Token], folder: Path) -> Checked:
    """Replace what cannot be shown, in place.

    Args:
        tokens: of `markdown.parse`.
        folder: the study, which contains the images.
    """
    checked = Checked()
    for token in tokens:
        if token.nesting == 1 and token.level == NESTING - 1:
            _warn(checked, f"report.md: content nested deeper than {NESTING} levels is not shown.")
        if token.type in ("fence", "code_block"):
            token.content = printable_lines(token.content.expandtabs(4))
        elif token.type == "math_block":
            _draw(token, checked)
        elif token.children is not None:
            token.children = _inline(token.children, folder, checked)
    return checked


def _inline(children: list[Token], folder: Path, checked: Checked) -> list[Token]:
    kept, dropped = [], 0
    for token in children:
        if token.type == "image":
            _load(token, folder, checked)
        elif token.type == "math_inline":
            _draw(token, checked)
        elif token.type == "link_open" and not LINK.fullmatch(str(token.attrs["href"])):
            _warn(checked, f"report.md: the link to {_shown(str(token.attrs['href']))} is not shown, as it is not an"
                           " http, https or mailto address.")  # fmt: skip
            dropped += 1
            continue
        elif token.type == "link_close" and dropped:
            dropped -= 1
            continue
        elif token.type != "comment":
            token.content = printable(token.content)
        if token.type != "comment":
            kept.append(token)
    return kept


def _load(token: Token, folder: Path, checked: Checked) -> None:
    """Read the image of a token; replace it by its alternative text if it cannot be shown."""
    address, alt = str(token.attrs["src"]), plain(token.children or [])
    try:
        checked.images += 1
        if checked.images > MOST_IMAGES:
            raise InputError(f"is not shown, as there are more than {MOST_IMAGES}")
        name, content, checked.room = image_files.read(address, folder, checked.room)
    except InputError as error:
        _warn(checked, f"report.md: the image {_shown(address)} {error}.")
        token.type, token.content, token.children = "text", alt, None
        return
    checked.files[name] = content
    token.attrs = {"src": name, "alt": alt, "title": printable(str(token.attrs.get("title", "")))}


def plain(tokens: Sequence[Token]) -> str:
    """The text of tokens within a paragraph or heading, without their markup."""
    texts = [
        " " if token.type in ("softbreak", "hardbreak") else plain(token.children) if token.children else token.content
        for token in tokens
    ]
    return printable("".join(texts))


def _draw(token: Token, checked: Checked) -> None:
    """Draw the formula of a token; show its source as code if it cannot be drawn."""
    from ablate.analysis.author.math import formula  # Matplotlib, for which most commands do not wait

    checked.formulas += 1
    checked.formula_characters += len(token.content)
    is_drawn = checked.formulas <= MOST_FORMULAS and checked.formula_characters <= LONGEST_FORMULAS
    drawn = formula(token.content) if is_drawn else None
    token.content = printable(" ".join(token.content.split()))
    if drawn is not None:
        token.meta["formula"] = drawn
        checked.files[drawn.name] = drawn.svg.encode()
        return
    if is_drawn:
        _warn(checked, f"report.md: the formula {_shown(token.content)} is shown as code, as Matplotlib's mathtext does"
                       " not support it.")  # fmt: skip
    else:
        _warn(checked, f"report.md: of more than {MOST_FORMULAS} formulas, or {LONGEST_FORMULAS:,} characters of them,"
                       " the further ones are shown as code.")  # fmt: skip
    token.type = "code_inline" if token.type == "math_inline" else "code_block"


def _warn(checked: Checked, warning: str) -> None:
    if warning not in checked.warnings and len(checked.warnings) < 20:
        checked.warnings.append(warning)


def _shown(text: str) -> str:
    return shortened(printable(text), 80)
