"""Overrides are written as Hydra and a shell need them, and messages state exactly what to type."""

import os
import subprocess

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError

from ablate.config.messages import sentence
from ablate.config.quoting import advice, quoted, refuse_undecodable, renamed, shell_word, sweep_advice, unquoted
from ablate.terminal.errors import InputError

VALUES = [
    "outputs/x=1",
    "café",
    "it's",
    'a"b',
    "{x",
    "[x",
    "a(b)",
    "$HOME é",
    "~/x",
    "a&b;c",
    "日本",
    "a\\",
    "été=1, b",
    "!x",
]


def typed_in_bash(words: str) -> list[str]:
    """The arguments that a program receives if `words` are typed in bash."""
    ended = subprocess.run(["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True)
    return [os.fsdecode(word) for word in ended.stdout.split(b"\0")[:-1]]


@pytest.mark.parametrize("value", VALUES)
def test_typing_the_advice_gives_the_value(value):
    with pytest.raises(OverrideParseException) as caught:
        OverridesParser.create().parse_overrides([f"data.root={value}&"])
    message = sentence(caught.value)
    assert message.startswith(f"data.root={value}&: the value has characters that must be quoted. Type ")
    words = message.partition(" Type ")[2].partition(" for ")[0].removesuffix(".")
    (word,) = typed_in_bash(words)
    assert OverridesParser.create().parse_override(word).value() == f"{value}&"


@pytest.mark.parametrize("value", ["a${b", "${", "x${}y", "${oc.env:"])
def test_an_invalid_reference_is_explained(value):
    with pytest.raises(GrammarParseError) as caught:
        OmegaConf.create({"data": {"root": value}}).data.root  # noqa: B018
    assert sentence(caught.value).startswith("data.root: ${ starts a reference to another key, as ${seed}, but")
    assert OmegaConf.create({"root": value.replace("${", r"\${")}).root == value  # what the message advises


def test_several_values_are_quoted_one_by_one():
    text = advice("model=mlp,cné")
    assert text == "Type \"model='mlp,cné'\" for one value, or \"model=mlp,'cné'\" with -m for several."


def test_a_comma_needs_a_study_or_quotes():
    assert sweep_advice("hydra.run.dir=a,b").endswith("or type \"hydra.run.dir='a,b'\" for one value with a comma.")


@pytest.mark.parametrize("value", [*VALUES, "a,b", "null", "1e3", "", "x"])
def test_quotes_are_removed_again(value):
    assert unquoted(quoted(value)) == value
    assert typed_in_bash(shell_word(f"k={quoted(value)}")) == [f"k={quoted(value)}"]


@pytest.mark.parametrize("name", [b"caf\xe9", b"it's \xff", b"\x80\x1b", b"a/\xe9/b\xe9"])
def test_the_command_renames_the_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.makedirs(name)
    for _ in range(2):  # a path can have two such folders
        paths = [os.path.join(folder, inner) for folder, inners, _ in os.walk(".") for inner in inners]
        broken = [path for path in paths if renamed(path)]
        if broken:
            command = renamed(broken[0]).partition("Rename it: ")[2]
            subprocess.run(["bash", "-c", command], check=True)
    assert not [part for folder, inners, _ in os.walk(".") for part in inners if renamed(part)]


def test_a_command_or_current_folder_that_is_not_utf8_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"data.root=p\\udce9 is not valid UTF-8.*mv \$'p\\xe9' 'pé'"):
        refuse_undecodable(["data.root=p\udce9"])
    folder = tmp_path / "\udce9"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="is not valid UTF-8"):
        refuse_undecodable([])
