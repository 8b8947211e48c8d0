"""report.md -> its settings, its title and its sections."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markdown_it.token import Token
from markupsafe import Markup

from ablate.analysis.author import settings
from ablate.analysis.author.markdown import parse
from ablate.analysis.author.safe_tokens import Checked, check, plain
from ablate.analysis.author.settings import Settings
from ablate.analysis.author.to_html import to_html
from ablate.analysis.author.to_typst import to_typst
from ablate.files import bounded
from ablate.terminal.errors import InputError

FILE = "report.md"
LARGEST = 64 * bounded.KIB
MOST_PARTS = 10_000  # tokens: each takes Typst about 6 KiB, and may be laid out several times
MOST_SECTIONS = 100
HEADING = ("heading_open", "heading_close")
SECTIONS = ("Introduction", "Methods", "Experiments and analysis", "Conclusion")  # those with generated text
TEMPLATE = """<!-- Your text for report.pdf and report.html, placed at the start of each section. Never overwritten.
A block of YAML above this line, between two lines of three hyphens, sets labels, order, figures and style. -->
# {title}

""" + "\n\n".join(f"## {name}\n" for name in SECTIONS)
NONE = Settings()
FRONT = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)


@dataclass(frozen=True, eq=False)
class AuthorText:
    """The content of report.md.

    Attributes:
        folder: the study folder, which contains its images.
        settings: those of the YAML block at its start.
        body: the Markdown below.
    """

    folder: Path
    settings: Settings = NONE
    body: str = ""

    @cached_property
    def title(self) -> str:
        """The text of the first `#` heading; empty if there is none."""
        return self._parsed.title

    @property
    def has_words(self) -> bool:
        """Whether the author has written anything but headings."""
        return any(self._parsed.sections.values())

    @property
    def warnings(self) -> list[str]:
        """Sentences on what is not shown."""
        return self._parsed.checked.warnings

    @property
    def files(self) -> Mapping[str, bytes]:
        """{file name: content} of the images and formulas, for the folder `to_typst.FOLDER` next to report.typ."""
        return self._parsed.checked.files

    @cached_property
    def sections(self) -> list[str]:
        """All sections in the order of the report: `SECTIONS`, and the author's further ones where they were put.

        The section "" has the text above all sections. Another one follows the section above it in report.md; without
        one above, it precedes the first of `SECTIONS` below it.
        """
        order = list(SECTIONS)
        previous = None
        for name in self._parsed.sections:
            if name in SECTIONS:
                previous = name
                continue
            if name == "":
                place = 0
            elif previous is not None:
                place = order.index(previous) + 1
            else:
                place = order.index(self._next_known(name))
            order.insert(place, name)
            previous = name
        return order

    def _next_known(self, name: str) -> str:
        """The first of `SECTIONS` below a section of report.md; `Conclusion` if there is none."""
        names = list(self._parsed.sections)
        return next((other for other in names[names.index(name) :] if other in SECTIONS), SECTIONS[-1])

    def html(self, section: str) -> Markup:
        """The author's text of a section as HTML; empty if there is none."""
        return to_html(self._parsed.sections.get(section, []), self.files)

    def typst(self, section: str) -> list[str]:
        """The author's text of a section as Typst, one source per block; empty if there is none."""
        return to_typst(self._parsed.sections.get(section, []))

    @cached_property
    def parts(self) -> int:
        """Number of paragraphs, items, cells, pieces of text in them, and their ends."""
        return sum(1 + len(token.children or ()) for token in self._tokens)

    @cached_property
    def _tokens(self) -> list[Token]:
        return parse(self.body)

    @cached_property
    def _parsed(self) -> "_Parsed":
        checked = check(self._tokens, self.folder)
        return _Parsed(checked, *_split(self._tokens))


@dataclass(frozen=True)
class _Parsed:
    checked: Checked
    title: str
    sections: dict[str, list[Token]] = field(default_factory=dict)


def read(folder: Path) -> AuthorText:
    """Read the report.md of a study folder; an empty text if there is none.

    Raises:
        InputError: the file is too long, is not UTF-8, or cannot be read; its YAML block is not valid.
    """
    path = folder / FILE
    try:
        text = bounded.contents(path, LARGEST).decode("utf-8-sig")
    except FileNotFoundError:
        return AuthorText(folder)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    front = FRONT.match(lines)
    used, body = (settings.read(front[1], path), lines[front.end() :]) if front else (NONE, lines)
    author = AuthorText(folder, used, body)
    if author.parts > MOST_PARTS:
        raise InputError(
            f"{path} has {author.parts:,} parts (paragraphs, list items, cells, text in bold, ...), more than the limit"
            f" of {MOST_PARTS:,}. Shorten it."
        )
    return author


def _split(tokens: Iterable[Token]) -> tuple[str, dict[str, list[Token]]]:
    """The first `#` heading, and the tokens below each further `#` or `##`; those above all are of the section "".

    Headings after `MOST_SECTIONS` sections are part of the last one.
    """
    title, name = "", ""
    sections: dict[str, list[Token]] = {}
    heading = ""  # the tag of the heading whose text is read
    for token in tokens:
        can_open = heading or len(sections) < MOST_SECTIONS
        if can_open and token.level == 0 and token.type in HEADING and token.tag in ("h1", "h2"):
            heading = token.tag if token.type == "heading_open" else ""
        elif heading == "h1" and not title:
            title = plain(token.children or [])
        elif heading:
            name = _known(plain(token.children or []))
            sections.setdefault(name, [])
        else:
            sections.setdefault(name, []).append(token)
    return title, sections


def _known(name: str) -> str:
    """The spelling in `SECTIONS` of a section's name."""
    return next((known for known in SECTIONS if known.casefold() == name.casefold()), name)
