"""Flags: none may be abbreviated, and an unknown one is answered in one sentence, by every command."""

import re
from contextlib import suppress

import pytest
from hydra._internal.utils import get_args_parser

from ablate.cli import VERBS
from ablate.commands import plan, train_flags
from ablate.commands.train_flags import hydra_arguments
from ablate.terminal.errors import InputError
from tests.processes import ablate

NEAR = [
    ("train", "--extnd", "--extend"), ("train", "--multi", "--multirun"), ("train", "--retrai", "--retrain"),
    ("plan", "--prob", "--probe"), ("plan", "--retran", "--retrain"), ("data", "--config", "--config-dir"),
    ("watch", "--evry=3", "--every"), ("report", "--allow", "--allow-partial"), ("test", "--all", "--allow-partial"),
    ("predict", "--to", "--top"), ("export", "--form", "--format"), ("reproduce", "--from", "--from-commit"),
    ("verify", "--data", "--data-root"), ("submit", "--out", "--output"), ("status", "--hel", "--help"),
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_flag_is_one_sentence(verb):
    for flag in ("--x", "-x", "--no-such-flag=3"):
        for words in ([flag], ["a", flag, "b"], ["a=b", flag]):
            with pytest.raises(InputError) as refused:
                VERBS[verb](words)
            name = flag.partition("=")[0]
            expected = f"ablate {verb} has no option {name}. `ablate {verb} --help` lists the options."
            assert str(refused.value) == expected


@pytest.mark.parametrize(("verb", "typed", "meant"), NEAR)
def test_the_nearest_flag_is_suggested(verb, typed, meant):
    name = typed.partition("=")[0]
    with pytest.raises(InputError, match=f"^ablate {verb} has no option {name}. Did you mean {meant}. "):
        VERBS[verb](["six", typed])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--cfg", "jobs"], "invalid choice: 'jobs'"),
        (["train", "--retrain=3"], "--retrain=3 is not valid: the option takes no value"),
        (["plan", "--power=1"], "--power=1 is not valid: the option takes no value"),
        (["train", "--experimental-rerun", "config.pickle"], "has no option --experimental-rerun"),  # it unpickles
        (["report"], "the following arguments are required: SOURCE"),
        (["predict", "run", "image", "--top", "-3"], "-3 is less than 1"),
        (["export", "run", "--format", "jpg"], "invalid choice: 'jpg'"),
    ],
    ids=" ".join,
)
def test_any_other_mistake_is_one_sentence_too(words, message):
    with pytest.raises(InputError) as refused:
        VERBS[words[0]](words[1:])
    assert message in str(refused.value) and str(refused.value).endswith(
        f"`ablate {words[0]} --help` lists the options."
    )


@pytest.mark.parametrize(("verb", "flags"), [("train", []), ("plan", ["--multirun"])])
def test_the_help_lists_every_flag_that_is_accepted(verb, flags, tmp_path):
    needed = {"--resolve": ["--cfg", "job"], "--package": ["--cfg", "job"]}
    listed = set(re.findall(r"(?<=[ ,])--?[a-z-]+", ablate(tmp_path, verb, "--help").stdout.partition("==")[0]))
    accepted = {"--debug", "--version", *train_flags.FLAGS, *(plan.FLAGS if verb == "plan" else ())}
    for action in get_args_parser()._actions:
        value = [(action.choices or ["x"])[0]] if action.nargs != 0 else []
        for name in set(action.option_strings) - {"--version"}:  # exits
            with suppress(InputError):  # a flag that does not apply to the command
                hydra_arguments([*flags, name, *value, *needed.get(action.option_strings[0], ())], "")
                accepted.add(name)
    assert listed >= accepted and len(accepted) > 12


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_states_the_exit_status(verb, tmp_path):
    assert " ".join(ablate(tmp_path, verb, "--help").stdout.split()).count("Exit status: 0") == 1


def test_the_sentence_is_all_that_is_printed(tmp_path):
    for verb in ("train", "report"):
        ended = ablate(tmp_path, verb, "--x")
        assert ended.returncode == 2 and ended.stdout == "" and not list(tmp_path.iterdir())
        assert ended.stderr == f"ablate {verb} has no option --x. `ablate {verb} --help` lists the options.\n"


def test_flags_that_exist_are_taken_at_any_place(tmp_path):
    for words in (["seed=3", "-c", "job"], ["seed=3", "--cfg=job", "--debug"]):
        ended = ablate(tmp_path, "train", *words)
        assert ended.returncode == 0 and "\nseed: 3\n" in f"\n{ended.stdout}", ended.stderr
