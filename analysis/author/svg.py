"""Whether an SVG image can be shown: known elements, nothing from outside the file, and bounded work to draw it."""

import base64
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from xml.parsers import expat

from ablate.terminal.errors import InputError

NAMESPACE = "http://www.w3.org/2000/svg "
# Those of charts and diagrams. Not `filter`, `mask` and `marker`, which take unbounded work, and none with code.
ELEMENTS = {"svg", "g", "defs", "symbol", "use", "a", "switch", "path", "rect", "circle", "ellipse", "line", "polyline",
            "polygon", "text", "tspan", "image", "style", "title", "desc", "metadata", "clipPath", "pattern",
            "linearGradient", "radialGradient", "stop"}  # fmt: skip
MOST_ATTRIBUTES = 100  # of an element
MOST_TEXT = 10_000  # characters, also of style sheets
MOST_ELEMENTS = 100_000
BYTE, ELEMENT = 4, 200  # pixels that take as much memory as a byte of the file, and as an element
REFERENCE = re.compile(r"url\(\s*[\"']?(#?)([^\"')]*)", re.I)
EMBEDDED = re.compile(r"data:image/(png|jpeg);base64,(.*)", re.S)
ROOT = ""


def check(content: bytes, most: int, pixels_of: Callable[[bytes, str], int]) -> int:
    """Check an SVG image.

    Args:
        content: of the file. It is not parsed if its length alone makes more than `most` pixels.
        most: number of pixels that it may have.
        pixels_of: number of pixels of an embedded image and its format, `PNG` or `JPEG`. Raises InputError.

    Returns:
        The number of pixels whose decoding takes about as much as drawing the image.

    Raises:
        InputError: it cannot be shown. The text completes `The image X`.
    """
    if (pixels := BYTE * len(content)) > most:
        return pixels
    drawing = _Drawing(pixels_of)
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")  # the encoding of an XML declaration is not used
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = drawing.start, drawing.end
    parser.CharacterDataHandler = drawing.text
    parser.StartDoctypeDeclHandler = drawing.doctype
    parser.ProcessingInstructionHandler = lambda *_: _refuse("has a processing instruction")
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        _refuse(f"is not valid XML ({expat.errors.messages[error.code]})")
    return max(pixels, drawing.pixels())


class _Drawing:
    """Counts what is drawn: an element, a reference to one, or an image counts each time that it is drawn."""

    def __init__(self, pixels_of: Callable[[bytes, str], int]) -> None:
        self.pixels_of = pixels_of
        self.open = [ROOT]  # for each open element, the nearest id
        self.own: Counter[str] = Counter()  # {id: pixels of what is below it and below no other id}
        self.used: defaultdict[str, Counter[str]] = defaultdict(Counter)  # {id: {id below or referred to: times}}
        self.elements = self.characters = 0
        self.in_style = False

    def doctype(self, name: str, system: str | None, public: str | None, has_definitions: int) -> None:
        if has_definitions:  # a name alone, as Matplotlib writes it, is not followed
            _refuse("defines entities")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.removeprefix(NAMESPACE)
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            _refuse(f"has more than {MOST_ELEMENTS:,} elements")
        if tag.startswith(NAMESPACE) and name not in ELEMENTS:
            _refuse(f"has the element <{name:.40}>")
        if len(self.open) == 1 and tag != f"{NAMESPACE}svg":
            _refuse("does not begin with <svg> of the namespace of SVG")
        if len(attributes) > MOST_ATTRIBUTES:
            _refuse(f"has an element with more than {MOST_ATTRIBUTES} attributes")
        inside = self.open[-1]
        if own_id := attributes.get("id"):
            self.used[inside][own_id] += 1
            inside = own_id
        self.open.append(inside)
        self.in_style = name == "style"
        self.own[inside] += ELEMENT
        for key, value in attributes.items():
            self._attribute(inside, key.rpartition(" ")[2].lower(), value)

    def _attribute(self, inside: str, key: str, value: str) -> None:
        if key.startswith("on"):
            _refuse("has code")
        if embedded := EMBEDDED.fullmatch(value) if key == "href" else None:
            try:
                image = base64.b64decode(embedded[2])
            except ValueError:
                _refuse("has an embedded image that is damaged")
            self.own[inside] += 2 * self.pixels_of(image, embedded[1].upper())  # it is decoded twice
        elif key == "href" and not value.startswith("#"):
            _refuse("refers to another file")
        targets = [value[1:]] if key == "href" else []
        for hash_sign, target in REFERENCE.findall(value):
            if not hash_sign:
                _refuse("refers to another file")
            targets.append(target)
        self.used[inside].update(targets)

    def end(self, tag: str) -> None:
        self.open.pop()
        self.in_style = False

    def text(self, text: str) -> None:
        self.characters += len(text.strip())
        if self.characters > MOST_TEXT:
            _refuse(f"has more than {MOST_TEXT:,} characters of text")
        if self.in_style and ("url(" in text.lower() or "@import" in text.lower()):
            _refuse("has a style sheet that refers to something")

    def pixels(self) -> int:
        """All that is drawn, with what references repeat."""
        total: Counter[str] = Counter()
        try:
            for name in TopologicalSorter(self.used).static_order():
                total[name] = self.own[name] + sum(times * total[other] for other, times in self.used[name].items())
        except CycleError:
            _refuse("has an element that refers to itself")
        return total[ROOT]


def _refuse(reason: str) -> None:
    raise InputError(f"is an SVG file that {reason}; export it as PNG")
