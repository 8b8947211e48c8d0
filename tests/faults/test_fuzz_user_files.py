"""What a user writes, damaged at random, is refused in a sentence or read: never another exception."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from ablate.analysis.author import text
from ablate.commands.reproduce import retrain
from ablate.config import register
from ablate.config.flatten import flat
from ablate.config.messages import is_composition_error
from ablate.runs import run_record
from ablate.runs.config_defaults import is_of, with_defaults
from ablate.runs.read_config import read_config
from tests.faults.damage import bytewise, damaged
from tests.faults.planting import whole

register()


def test_texts_of_authors(tmp_path, fuzz):
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L5 5"/></svg>'
    )
    (tmp_path / text.FILE).write_text(
        "---\nlabels: {a=1: One}\nfigures: [effects]\nstyle: {font.size: 9}\n---\n# T\n\n"
        "## Methods\n\n![x](a.svg) $\\frac{a}{b}$\n"
        "\n| a | b |\n|---|:-:|\n| **c** | `d` |\n\n> 1. [e](http://f.example/g)\n\n<!-- h -->\n"
    )

    def read() -> None:
        author = text.read(tmp_path)
        for section in author.sections:
            author.html(section), author.typst(section)
        assert all("\n" not in warning for warning in author.warnings)

    fuzz(bytewise, damaged(tmp_path / text.FILE, read))
    fuzz(bytewise, damaged(tmp_path / "a.svg", read))


@pytest.mark.parametrize(
    "place", [".hydra/config.yaml", pytest.param("options/model/mine.yaml", marks=pytest.mark.integration)]
)
def test_configurations(tmp_path, fuzz, place):
    """Of a run of the user's own option, which `ablate reproduce` composes again."""
    folder = shutil.copytree(own_option() / "run", tmp_path / "run")

    def read() -> None:
        record = run_record.read(folder)
        config = read_config(folder)
        is_of(record, config)
        flat(with_defaults(config), resolve=False)
        try:
            retrain.check(folder, *retrain.rerun_words(folder, record, config), trusted=False)
        except Exception as error:  # of Hydra, which the command turns into a sentence
            if not is_composition_error(error):
                raise

    fuzz(bytewise, damaged(folder / place, read))


@cache
def own_option() -> Path:
    """A folder with a run of an option file of the user's own."""
    folder = Path(mkdtemp())
    (folder / "mine/model").mkdir(parents=True)
    (folder / "mine/model/mine.yaml").write_text(
        "defaults: [/hydra/schema/MLP@_here_]\n_target_: ablate.model.mlp.MLP\nhidden: [4]\n"
    )
    command = ("train", "--config-dir", "mine", "model=mine", "data=digits", "data.train_limit=64", "trainer.epochs=1")
    whole(folder, *command, "trainer.threads=1", "hydra.run.dir=run")
    return folder
