"""Images of report.md: files of the study folder, whole and safe; everything else is a sentence and its text."""

import base64
import gzip
import io
import os
import time

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ablate.analysis.author import image_files
from ablate.analysis.author.text import AuthorText
from ablate.terminal.errors import InputError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">{}</svg>'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study folder with images, next to a private one."""
    tmp_path = tmp_path_factory.mktemp("images")
    folder = tmp_path / "study"
    (folder / "plots").mkdir(parents=True)
    Image.new("RGB", (4, 4), "red").save(folder / "plots/a b.png")
    Image.new("RGB", (4, 4), "red").save(folder / "photo.jpg")
    (folder / "drawing.svg").write_text(SVG.format('<rect width="5" height="5"/>'))
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "private.png")
    os.symlink(tmp_path / "private.png", folder / "link.png")
    os.symlink(tmp_path, folder / "up")
    os.symlink(folder / "photo.jpg", folder / "inside.jpg")
    os.symlink(folder / "loop.png", folder / "loop.png")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "text.png").write_text("no image")
    (folder / "cut.png").write_bytes((folder / "plots/a b.png").read_bytes()[:40])
    (folder / "half.jpg").write_bytes((folder / "photo.jpg").read_bytes()[:200])
    (folder / "photo.png").write_bytes((folder / "photo.jpg").read_bytes())
    (folder / "notes.txt").write_text("no image")
    (folder / "large.png").touch()
    os.truncate(folder / "large.png", image_files.LARGEST + 1)
    Image.new("1", (20_000, 20_000)).save(folder / "wide.png")
    for name, content in {
        "doctype": '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;"),
        "script": SVG.format("<script>alert(1)</script>"),
        "file": SVG.format('<image href="/etc/passwd"/>'),
        "web": SVG.format('<image xlink:href="http://evil.example/x.png"/>'),
        "css": SVG.format("<style>@import 'x';</style>"),
        "url": SVG.format('<rect fill="url(http://evil.example)"/>'),
        "broken": "<svg",
        "hidden": SVG.format('<image href="&#102;ile:///etc/passwd"/>'),
        "nested": SVG.format('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
        "style": SVG.format('<rect style="fill: URL( &quot;x.svg#a&quot;)"/>'),
        "code": SVG.format('<rect onload="alert(1)"/>'),
        "plain": "<svg/>",
        "filter": SVG.format('<filter id="a"><feTurbulence/></filter>'),
        "pi": '<?xml-stylesheet href="x.css"?>' + SVG.format(""),
        "self": SVG.format('<g id="a"><use href="#a"/></g>'),
        "damaged": SVG.format('<image href="data:image/png;base64,AAAA"/>'),
        "base": SVG.format('<image href="data:image/png;base64,AAAAA"/>'),
        "utf16": SVG.format("<script>1</script>"),
    }.items():
        (folder / f"{name}.svg").write_bytes(content.encode("utf-16" if name == "utf16" else "utf-8"))
    (folder / "zip.svg").write_bytes(gzip.compress(SVG.format("").encode()))
    return folder


@pytest.mark.parametrize("path", ["<plots/a b.png>", "plots/a%20b.png", "photo.jpg", "drawing.svg", "inside.jpg",
                                  "./up/study/photo.jpg", "plots/../photo.jpg"])  # fmt: skip
def test_images_of_the_folder_are_shown(study, path):
    author = AuthorText(study, body=f"## Methods\n\n![The *plot*]({path})\n\nText ![small]({path}).")
    assert author.html("Methods").count('src="data:image/') == 2 and not author.warnings
    figure, line = author.typst("Methods")
    (name,) = author.files
    assert figure.startswith(f'#figure(image("images/{name}", alt: "The plot"), caption: "The plot")')
    assert f'#image("images/{name}", alt: "small")' in line


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        *(("missing.png", "does not exist"), ("notes.txt", "is not a PNG, JPEG or SVG"), ("plots", "is not a PNG")),
        *(("http://evil.example/x.png", "is not a file in the study folder"), ("file:///etc/passwd", "is not a file")),
        *(("//evil.example/x.png", "is not a file"), ("data:image/png;base64,AAAA", "is not a file")),
        *(("/etc/passwd", "outside"), ("../private.png", "outside"), ("%2e%2e/private.png", "outside")),
        *(("link.png", "outside"), ("up/private.png", "outside"), ("loop.png", "cannot be read")),
        *(("folder.png", "cannot be read"), ("pipe.png", "cannot be read"), ("a%00b.png", "cannot be read")),
        *(("text.png", "is not a valid PNG"), ("photo.png", "is not a valid PNG"), ("cut.png", "not a valid PNG")),
        *(("large.png", "images of more than 16 MiB in all"), ("wide.png", "have more than 20,000,000 pixels")),
        *(("half.jpg", "is not a valid JPEG"), ("broken.svg", "is not valid XML"), ("zip.svg", "is not valid XML")),
        *((("utf16.svg", "has the element <script>"), ("doctype.svg", "defines entities"), ("script.svg", "<script>"))),
        *((f"{name}.svg", "refers to another file") for name in ("file", "web", "url", "hidden", "nested", "style")),
        *(("css.svg", "refers to something"), ("code.svg", "has code"), ("plain.svg", "does not begin with <svg>")),
        *(("filter.svg", "has the element <filter>"), ("pi.svg", "has a processing instruction")),
        *(("self.svg", "refers to itself"), ("damaged.svg", "is not a valid PNG")),
        ("base.svg", "embedded image that is damaged"),
    ],
)  # fmt: skip
def test_another_image_is_its_text_with_a_warning(study, path, reason):
    author = AuthorText(study, body=f"## Methods\n\nSee ![the <b>plot</b>]({path}).")
    assert author.html("Methods") == "<p>See the &lt;b&gt;plot&lt;/b&gt;.</p>\n" and not author.files
    assert author.typst("Methods") == ['#"See "#"the <b>plot</b>"#"."']
    (warning,) = author.warnings
    assert reason in warning and warning.startswith("report.md: the image ") and str(study.parent) not in warning


def embedded(width: int) -> str:
    """An SVG element with a PNG image of this width and height."""
    Image.new("1", (width, width)).save(file := io.BytesIO(), "png")
    return f'<image width="9" height="9" href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/>'


def doubled(open_tag: str, link: str, close: str) -> str:
    """20 elements, each of which refers twice to the one before."""
    steps = (f"{open_tag.format(k)}{link.format(k - 1) * 2}{close}" for k in range(1, 21))
    return f'{open_tag.format(0)}<rect width="1" height="1"/>{close}{"".join(steps)}{link.format(20)}'


@pytest.mark.parametrize(
    "drawing",
    {
        "pixels": lambda: embedded(5000),
        "repeated": lambda: f'<g id="a">{embedded(1000)}</g>' + '<use href="#a"/>' * 20,
        "use": lambda: doubled('<g id="g{}">', '<use xlink:href="#g{}"/>', "</g>"),
        "pattern": lambda: doubled(
            '<pattern id="p{}" width="1" height="1">', '<rect width="1" height="1" fill="url(#p{})"/>', "</pattern>"
        ),
        "clip": lambda: doubled('<clipPath id="c{}">', """<rect style="clip-path:url('#c{}')"/>""", "</clipPath>"),
        "elements": lambda: "<g/>" * 100_001,
        "deep": lambda: "<g>" * 100_001 + "</g>" * 100_001,
        "long": lambda: f'<path d="{"M0 0L1 1" * 700_000}"/>',
    }.items(),
    ids=lambda item: item[0],
)
def test_an_svg_file_that_takes_much_to_draw_is_refused_at_once(tmp_path, drawing):
    (tmp_path / "a.svg").write_text(SVG.format(drawing[1]()))
    before = time.process_time()
    with pytest.raises(InputError, match="20,000,000 pixels|100,000 elements"):
        image_files.read("a.svg", tmp_path, image_files.Room())
    assert time.process_time() - before < 5


ATTRIBUTES = " ".join(f'a{k}="1"' for k in range(101))


@pytest.mark.parametrize(
    "content", [f"<text>{'x' * 10_001}</text>", f"<style>{'a{}' * 4000}</style>", f"<g {ATTRIBUTES}/>"]
)
def test_svg_whose_parts_are_compared_with_each_other_are_short(tmp_path, content):
    (tmp_path / "a.svg").write_text(SVG.format(content))
    with pytest.raises(InputError, match="more than 10"):
        image_files.read("a.svg", tmp_path, image_files.Room())


def test_images_share_their_size_and_pixels(tmp_path):
    Image.new("1", (3000, 3000)).save(tmp_path / "a.png")
    author = AuthorText(tmp_path, body="![a](a.png) ![b](a.png) ![c](a.png)")
    assert author.html("").count("<img ") == 2
    assert "images above it have more than 20,000,000 pixels" in author.warnings[0]


def test_the_svg_files_of_matplotlib_are_shown(tmp_path):
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    axes.bar([1, 2], [1, 2], hatch="//", label=r"$\alpha$")
    axes.scatter(*np.random.default_rng(0).random((2, 3000)))
    axes.imshow(np.eye(8))
    axes.legend()
    figure.savefig(tmp_path / "a.svg")
    author = AuthorText(tmp_path, body="![a](a.svg)")
    assert "image/svg+xml" in author.html("") and not author.warnings
