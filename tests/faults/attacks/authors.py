"""report.md, an image that it shows, and the log of a study in stages."""

import base64
import gzip
import io

from PIL import Image

from tests.faults.attacks import MIB, Attack

HEAD = b"## Methods\n\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


def text(part: str, size: int = 64 * 1024 - 20) -> Attack:
    """As many parts as fit."""
    return lambda _: HEAD + (part * (size // len(part))).encode()


TEXTS: dict[str, Attack] = {
    "words": text("word "),
    "headings": text("### a\n\n"),
    "sections": text("## a\n\n"),
    "rules": text("---\n\n"),
    "rows": lambda _: HEAD + b"|a|b|\n|-|-|\n" + b"|a|b|\n" * 10_000,
    "columns": lambda _: HEAD + b"|" + b"a|" * 3000 + b"\n|" + b"-|" * 3000 + b"\n" + b"|a\n" * 9000,
    "formulas": text(r"$\frac{a}{b}$ "),
    "nesting": text("> " * 9 + "a\n\n"),
    "many labels": lambda _: b"---\nlabels: {" + b",".join(b"a%d: b" % n for n in range(6000)) + b"}\n---\n",
}


def drawing(content: str) -> Attack:
    """An SVG file."""
    return lambda _: SVG.format(content).encode()


def embedded(width: int) -> str:
    """A PNG image of this width and height in an SVG file."""
    Image.new("RGBA", (width, width)).save(file := io.BytesIO(), "png")
    return f'<image width="9" height="9" href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/>'


DRAWINGS: dict[str, Attack] = {
    "compressed": lambda _: gzip.compress(SVG.format(" " * 500 * MIB).encode(), 1),
    "an image": lambda _: SVG.format(embedded(9000)).encode(),
    "an image, as many pixels as allowed": lambda _: SVG.format(embedded(3150)).encode(),
    "elements": drawing("<g/>" * 3 * MIB),
    "elements, as many as allowed": drawing('<path d="M0 0L1 1"/>' * 99_000),
    "a long path": drawing(f'<path d="{"M0 0L1 1" * 620_000}"/>'),
    "uses": drawing('<g id="a"><path d="M0 0L1 1"/></g>' + '<use href="#a"/>' * 24_000),
    "attributes": drawing("<g " + " ".join(f'a{n}="1"' for n in range(MIB)) + "/>"),
    "depth": drawing("<g>" * 2 * MIB + "</g>" * 2 * MIB),
}

STAGES: dict[str, Attack] = {
    "looks": lambda _: b'{"schema":1,"looks":[' + b",".join([b'{"time":"","seeds":2,"decided":{}}'] * 200_000) + b"]}",
    "variants": lambda _: (
        b'{"schema":1,"looks":[{"time":"","seeds":2,"decided":{'
        + b",".join(b'"%d":""' % n for n in range(10**6))
        + b"}}]}"
    ),
}
