"""A folder with hostile names and messages, through every command that reads it: nothing that comes out is interpreted.

The strings are those that a sender can put into run.json, study.json and checkpoints.
"""

import json
import os
import re
import select
import unicodedata
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.analysis.report.test_html import Page
from tests.processes import SMALL, ablate, forks, start, until

pytestmark = pytest.mark.integration
HOSTILE = (
    "\x1b[2Jcleared",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\u202egnp.exe",
    "over\rwritten",
    "nul\x00 \x9b2J",
    r"$\frac{1}{$",
    '<a href="javascript:alert(1)">x</a>',
    "</script><script>alert(1)</script>",
    "[x](http://evil.example) www.evil.example *b* `c` &lt; [red]y[/red]",
    "=cmd|' /C calc'!A0" + "🧪猫👩\u200d🔬" + "x" * 3000,
)
RUN = "outputs/s/baseline/seed=0"
WORDS = (  # of each command, in the folder that contains the study
    ("status", "s"),
    ("watch", "s", "--once"),
    ("report", "s"),
    ("test", "s"),
    ("diff", RUN, "outputs/s/baseline/seed=1"),
    ("verify", RUN),
    *(("predict", RUN, "images", "--top", "10", "--format", f) for f in ("table", "csv", "json")),
)
STYLE = re.compile(r"\r?\x1b\[(?:[\d;]*m|\d?[KA]|\?25[lh])")  # colors and progress bars of our own


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained study whose records are then filled with hostile text, and an image with a hostile name."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("foreign")
    ended = ablate(
        folder,
        "train",
        "-m",
        "study.name=s",
        *SMALL,
        "trainer.epochs=2",
        "model=mlp",
        "seed=0,1",
        "optimizer.lr=.1,.2,.3",
    )
    assert ended.returncode == 0, ended.stderr
    assert ablate(folder, "test", "s").returncode == 0
    study = folder / "outputs/s"
    for path in study.rglob("test.json"):
        result = json.loads(path.read_text())
        for key in ("per_class_accuracy", "per_class_interval"):
            result[key] = dict(zip(HOSTILE, result[key].values(), strict=True))
        path.write_text(json.dumps(result))
    plan = json.loads((study / "study.json").read_text())
    texts = dict(zip(plan["factors"]["optimizer.lr"], (HOSTILE[0], HOSTILE[5], HOSTILE[7] + HOSTILE[2]), strict=True))
    plan["factors"] = {"optimizer.lr": list(texts.values())}
    plan["command"], plan["baseline"] = "\n".join(HOSTILE), {"optimizer.lr": HOSTILE[0]}
    for run in plan["runs"]:
        run["factors"] = {"optimizer.lr": texts[run["factors"]["optimizer.lr"]]}
        path = study / run["folder"] / "run.json"
        record = json.loads(path.read_text()) | {
            "classes": list(HOSTILE),
            "rerun": HOSTILE[1],
            "factors": run["factors"],
        }
        record["environment"] |= {"cpu": HOSTILE[0] + str(run["seed"]), "platform": HOSTILE[4]}
        if run["folder"].startswith("optimizer.lr=.3"):
            record |= {"status": "failed", "error": "".join(HOSTILE)}
            (path.parent / "train.log").write_text("\n".join(HOSTILE))
        path.write_text(json.dumps(record))
    (study / "study.json").write_text(json.dumps(plan))
    (folder / "images").mkdir()
    Image.new("L", (8, 8), 9).save(folder / "images/\x1b[2J\u202e.png")
    (folder / "images/\x1b]0;x\x07.png").write_bytes(b"")
    return folder


def on_terminal(folder: Path, *words: str) -> str:
    """What a terminal receives from `ablate` with these words."""
    reader, writer = os.openpty()
    server, name = forks(), os.ttyname(writer)
    assert server.stdin and server.stdout
    command = {"folder": str(folder), "words": words, "output": name, "errors": name}
    print(json.dumps(command), file=server.stdin, flush=True)
    output = b""
    while server.stdout not in (ready := select.select([reader, server.stdout], [], [])[0]) or reader in ready:
        output += os.read(reader, 65536) if reader in ready else b""
    server.stdout.readline()
    os.close(writer)
    os.close(reader)
    return output.decode()


def assert_plain(text: str, where: object) -> None:
    """No control character besides line breaks and tabs, and no mark of writing direction."""
    raw = [char for char in set(text) - set("\n\t") if unicodedata.category(char) in ("Cc", "Cs")]
    assert not raw, (where, raw)
    assert "\u202e" not in text, where


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_a_terminal_receives_text(folder, words):
    text = on_terminal(folder, *words).replace("\r\n", "\n")
    assert "Traceback" not in text and len(text) > 50, text
    assert_plain(STYLE.sub("", text), words)


@pytest.mark.parametrize("words", [w for w in WORDS if w[-1] != "csv"], ids=" ".join)
def test_a_pipe_receives_text(folder, words):
    ended = ablate(folder, *words)
    assert "Traceback" not in ended.stderr and len(ended.stdout + ended.stderr) > 50
    assert_plain(ended.stdout + ended.stderr, words)


def test_csv_in_a_pipe_keeps_names(folder):
    """Another program reads it; the byte for byte same name finds the file."""
    ended = ablate(folder, "predict", RUN, "images", "--format", "csv")
    assert "images/\x1b[2J\u202e.png" in ended.stdout
    assert_plain(ended.stderr, "stderr")


@pytest.fixture(scope="module")
def study(folder: Path) -> Path:
    """The study with its report."""
    assert ablate(folder, "report", "s", "--allow-partial").returncode == 0
    return folder / "outputs/s"


def test_files_of_the_report_are_text(study):
    written = [
        path for path in study.rglob("*") if path.suffix in (".csv", ".md", ".tex", ".typ", ".svg", ".html", ".json")
    ]
    assert {path.suffix for path in written} == {".csv", ".md", ".tex", ".typ", ".svg", ".html", ".json"}
    for path in written:
        assert_plain(path.read_text(), path)
    assert (study / "report/report.pdf").stat().st_size > 10_000


def test_the_page_has_no_foreign_element(study):
    text = (study / "report/report.html").read_text()
    page = Page(text)
    assert [tag for tag, _ in page.elements].count("script") == 2  # curve data, and the page's own
    assert not [a for tag, a in page.elements if tag == "a" and not re.match(r"#|\.\./", a.get("href", "#"))]
    curves = json.loads(re.search(r'id="curve-data">(.*?)</script>', text, re.S)[1])
    labels = [variant["label"] for variant in curves["variants"]]
    assert labels and all(label.isprintable() for label in labels)


def test_markdown_shows_names_as_text(study):
    renderer = MarkdownIt("commonmark").enable("table")
    tables = sorted((study / "report/tables").glob("*.md"))
    assert tables
    for path in tables:
        html = renderer.render(path.read_text())
        tags = set(re.findall(r"<(\w+)", html))
        assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "p", "strong"}, (path, tags)


@pytest.mark.integration
def test_a_checkpoint_of_another_environment_is_named_as_text(tmp_path):
    import torch

    words = ("hydra.run.dir=run", *SMALL, "model=mlp", "trainer.epochs=400")
    process = start(tmp_path, "train", *words)
    until(lambda: (tmp_path / "run/checkpoint.pt").exists(), process)
    process.kill()
    process.communicate()
    saved = torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)
    saved["environment"]["cpu"] = HOSTILE[0] + HOSTILE[1]
    torch.save(saved, tmp_path / "run/checkpoint.pt")
    resumed = start(tmp_path, "train", *words)
    log = tmp_path / "run/train.log"
    until(lambda: log.exists() and "another environment" in log.read_text(), resumed)
    resumed.kill()
    for text in (resumed.communicate()[1], log.read_text()):
        assert r"\x1b[2Jcleared" in text
        assert_plain(text, "train")
