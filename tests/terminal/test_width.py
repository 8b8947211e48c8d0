"""Every command at the width of a terminal: no line is too long, and no word is broken in the middle."""

import re
import shutil
import sys
from pathlib import Path

import pexpect
import pytest

from tests.processes import ENVIRONMENT, SMALL, ablate

pytestmark = pytest.mark.integration
FACTORS = ("normalization=batch,weight_standardization", "augmentation=none,trivialaugment", "model=mlp,cnn")
LONG = "normalization=weight_standardization+augmentation=trivialaugment+model=cnn"
STUDY = ("study.name=s", *SMALL, *FACTORS, "seed=0,1")
COMMANDS = {
    "plan": ("plan", *STUDY),
    "status": ("status", "s"),
    "watch": ("watch", "s", "--once"),
    "report": ("report", "s"),
    "test": ("test", "s"),
    "test on": ("test", "s", "--corrupt", "noise", "--variants", "all"),
    "help": ("--help",),
    "diff": ("diff", "outputs/s/baseline/seed=0", f"outputs/s/{LONG}/seed=0"),
    "data": ("data", "data=digits", "augmentation=trivialaugment"),
    "resume": ("train", "-m", *STUDY),
    "extend": ("train", "-m", *STUDY[:-1], "seed=2", "--extend"),
    "error": ("train", "-m", *STUDY, "trainer.epochs=2"),
    "train": ("train", *SMALL, "model=mlp"),
}
WORDS = (
    "normalization",
    "standardization",
    "trivialaugment",
    "augmentation",
    "configuration",
    "baseline",
    "inconclusive",
)
WHOLE = ("standard", "augment")  # words of their own
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of eight variants with long names."""
    folder = tmp_path_factory.mktemp("width")
    ended = ablate(folder, "train", "-m", *STUDY)
    assert ended.returncode == 0, ended.stderr
    return folder


def screen(folder: Path, width: int, words: tuple[str, ...]) -> str:
    """What a terminal of this width shows of a command, without colors."""
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "COLUMNS"} | {"NO_COLOR": "1"}
    command = ["-m", "ablate.cli", *words]
    child = pexpect.spawn(
        sys.executable, command, cwd=folder, env={**environment, "TERM": "xterm"}, dimensions=(50, width), timeout=300
    )
    child.expect(pexpect.EOF)
    text = ESCAPE.sub("", child.before.decode()).replace("\r\n", "\n")
    return "\n".join(line.rsplit("\r")[-1] for line in text.split("\n"))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_word_is_broken(study: Path, tmp_path: Path, width: int, name: str) -> None:
    folder = shutil.copytree(study, tmp_path / "copy")
    text = screen(folder, width, COMMANDS[name])
    lines = [line.rstrip() for line in text.splitlines()]
    assert len([line for line in lines if line]) >= 2, text
    assert max(map(len, lines)) <= width, text
    broken = [token for token in re.findall("[a-z]{3,}", text) if token not in WHOLE and is_part(token)]
    assert not broken, text


def is_part(token: str) -> bool:
    """True if the token is the start or the end of a longer word in the names of the study."""
    return any(token != word and (word.startswith(token) or word.endswith(token)) for word in WORDS)


def test_curves_are_shown_at_80_columns(study: Path) -> None:
    assert re.search(r"baseline +0 completed +1/1 +\d+\.\d % [▁-█]", screen(study, 80, COMMANDS["watch"]))
