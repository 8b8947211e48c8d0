"""Images of report.md: files of the study folder, whole and safe; everything else is a sentence and its text."""

import os

import pytest
from PIL import Image

from ablate.analysis.author import image_files
from ablate.analysis.author.text import AuthorText

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


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
        "utf16": SVG.format("<script>1</script>"),
    }.items():
        (folder / f"{name}.svg").write_bytes(content.encode("utf-16" if name == "utf16" else "utf-8"))
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
        *(("large.png", "is larger than 10 MiB"), ("wide.png", "has more than 40,000,000 pixels")),
        *(("half.jpg", "is not a valid JPEG"), ("broken.svg", "is damaged")),
        *((f"{name}.svg", "loads other files") for name in ("doctype", "script", "file", "web", "css", "url", "utf16")),
    ],
)  # fmt: skip
def test_another_image_is_its_text_with_a_warning(study, path, reason):
    author = AuthorText(study, body=f"## Methods\n\nSee ![the <b>plot</b>]({path}).")
    assert author.html("Methods") == "<p>See the &lt;b&gt;plot&lt;/b&gt;.</p>\n" and not author.files
    assert author.typst("Methods") == ['#"See "#"the <b>plot</b>"#"."']
    (warning,) = author.warnings
    assert reason in warning and warning.startswith("report.md: the image ") and str(study.parent) not in warning
