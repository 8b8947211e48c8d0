"""A recorded command and its option files, written by an attacker: all that is not a setting of a run is refused.

`WRITE` stands for any function that Hydra could be made to call: it would leave the file `ran`.
"""

import json
import os
from pathlib import Path

import pytest

from ablate.commands.reproduce.retrain import check, rerun_words
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate

WRITE = "{_target_: ablate.files.atomic.write_text, path: ran, text: x}"
LOGGED = "{version: 1, handlers: {a: {(): ablate.files.atomic.write_text, path: ran, text: x}}, root: {handlers: [a]}}"
MINE = {"--config-dir": "options", "--config-name": "mine"}
GLOBAL = "# @package _global_\n"


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "options/experiment").mkdir(parents=True)
    return tmp_path


def refused(run: Path, words: str = "", flags: dict[str, str] | None = None) -> str:
    with pytest.raises(InputError) as error:
        check(run, flags or {}, ["data=digits", "model=mlp", *words.split()], trusted=False)
    assert not (run / "ran").exists()
    return str(error.value)


HYDRA = {
    "callbacks": f"callbacks: {{a: {WRITE}}}",
    "job_logging": f"job_logging: {LOGGED}",
    "hydra_logging": f"hydra_logging: {LOGGED}",
    "job": "job: {env_set: {LD_PRELOAD: /tmp/evil.so}}",
    "job.chdir": "job: {chdir: true}",
    "sweeper": f"sweeper: {{pruner: {WRITE}}}",
    "sweeper.params": f"sweeper: {{params: {WRITE}}}",
    "launcher": "launcher: {_target_: hydra_plugins.e.Launcher}",
    "launcher.deep": f"launcher: {{a: [{WRITE}]}}",
    "run": "run: {dir: elsewhere}",
    "output_subdir": "output_subdir: ../elsewhere",
    "verbose": "verbose: true",
    "help": "help: {template: '${oc.env:HOME}'}",
    "env": "env: {a: 1}",
}


PLACES = [("callbacks", "primary"), ("callbacks", "package"), ("sweeper", "package"), ("job", "included")]


@pytest.mark.parametrize(("key", "place"), [(key, "experiment") for key in HYDRA] + PLACES)
def test_options_cannot_change_settings_of_hydra(run, key, place):
    """In an option of a group, the primary configuration, a file placed by its header, and an included file."""
    setting, words, flags = f"hydra:\n  {HYDRA[key]}\n", "", MINE
    if place == "experiment":
        words, flags = "experiment=mine", {"--config-dir": "options"}
        (run / "options/experiment/mine.yaml").write_text(f"{GLOBAL}seed: 1\n{setting}")
    elif place == "primary":
        (run / "options/mine.yaml").write_text(f"defaults: [config, _self_]\n{setting}")
    elif place == "package":
        (run / "options/mine.yaml").write_text("defaults: [config, part, _self_]\n")
        (run / "options/part.yaml").write_text(f"# @package hydra\n{HYDRA[key]}\n")
    else:
        (run / "options/mine.yaml").write_text("defaults: [config, /experiment/it@_global_, _self_]\n")
        (run / "options/experiment/it.yaml").write_text(setting)
    assert f"sets hydra.{key.partition('.')[0]}" in refused(run, words, flags)


@pytest.mark.parametrize(
    "choice", ["job_logging: none", "hydra_logging: disabled", "sweeper: basic", "launcher: basic"]
)
def test_options_cannot_choose_options_of_hydra(run, choice):
    group = choice.partition(":")[0]
    (run / "options/experiment/mine.yaml").write_text(f"{GLOBAL}defaults: [{{override /hydra/{choice}}}]\n")
    assert f"sets hydra.{group}" in refused(run, "experiment=mine", {"--config-dir": "options"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("defaults: [config]\nhydra: {searchpath: ['pkg://this']}", "searchpath"),
        ("defaults: [config]\nhydra: '${oc.decode:\"{searchpath: [pkg://this]}\"}'", "searchpath"),
        ("defaults: [config]\nhydra: ['pkg://this']", "searchpath"),
        ("defaults: [config, ../outside]", "from elsewhere"),
        ("defaults: [config, {model: ../../outside}]", "from elsewhere"),
        ("defaults: [config, {model: '${oc.env:HOME}'}]", "from elsewhere"),
        ("defaults: [config]\na: &a [1]\nb: [*a, *a]", "aliases and tags"),
        ("defaults: [config]\na: !!python/object/apply:os.system [exit]", "aliases and tags"),
        ("[" * 50_000, "not a valid option file"),
        ("# " + "x" * 2**21, "mine.yaml"),
        ("\x00", "not a valid option file"),
    ],
)
def test_files_that_read_more_than_options_are_refused_before_they_are_composed(run, text, message):
    (run / "options/mine.yaml").write_text(text)
    assert message in refused(run, "", MINE)
    (run / "options/mine.yaml").rename(run / "options/experiment/mine.yaml")  # an option that is not chosen
    assert message in refused(run, "", {"--config-dir": "options"})


@pytest.mark.parametrize(
    "word",
    [
        *("hydra/launcher=ray", "hydra/sweeper=optuna", "+hydra.callbacks.a=1", "++hydra.job.chdir=true"),
        *("~hydra.callbacks", "hydra.searchpath=[pkg://this]", "hydra.mode=MULTIRUN", "hydra.run.dir=elsewhere"),
        *("+model@hydra.callbacks=mlp", "+model@_global_=mlp", "model@hydra=mlp", "+e=x", "+other.key=1", "+hydra=1"),
        *("model=../../outside", "experiment=../outside", "augmentation=[flip,../../outside]", "+data=/../outside"),
        *("seed=1,2", "seed=range(3)", "model=glob(*)", "data.root=${oc.env:HOME}", "model=${oc.env:HOME}"),
        *("+model.a=${oc.decode:1}", "--multirun", "--info", "--experimental-rerun", "-cd", "--config-path", "-m"),
    ],
)
def test_words_that_are_not_settings_of_a_run_are_refused(run, word):
    (run / "outside.yaml").write_text("")
    assert repr(word) in refused(run, word)


@pytest.mark.parametrize(
    "flags",
    [{"--config-dir": "/etc"}, {"--config-dir": ".."}, {"--config-dir": "options/../.."}, {"--config-dir": "link"},
     {"--config-name": "../mine"}, {"--config-name": "/etc/passwd"}, {"--config-name": "-x"}, {"--config-name": ""}],
    ids=str,
)  # fmt: skip
def test_options_from_elsewhere_are_refused(run, flags):
    (run / "link").symlink_to("/etc")
    assert "The command of" in refused(run, "", flags)


@pytest.mark.parametrize("kind", ["file", "folder", "root", "pipe", "many"])
def test_links_pipes_and_crowds_of_options_are_refused(run, kind):
    place = run / "options/model"
    if kind == "file":
        place.mkdir()
        (place / "my.yaml").symlink_to("/dev/zero")
    elif kind == "folder":
        place.symlink_to("/etc")
    elif kind == "root":
        (run / "options").rename(run / "real")
        (run / "options").symlink_to("real")
    elif kind == "pipe":
        os.mkfifo(run / "options/mine.yaml")
    else:
        place.mkdir()
        for number in range(1001):
            (place / f"{number}.yaml").touch()
    words = {"file": "a link", "folder": "a link", "root": "a link", "pipe": "not a valid", "many": "more than 1000"}
    assert words[kind] in refused(run, "", {"--config-dir": "options"})


def test_options_cannot_replace_the_schema(run):
    (run / "options/hydra/schema").mkdir(parents=True)
    (run / "options/hydra/schema/Config.yaml").write_text("extra: 1\n")
    assert "replaces the schema" in refused(run, "", {"--config-dir": "options"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study: {name: '${oc.env:HOME}'}", "oc.env"),
        ("model: {_target_: ablate.data.digits.digits}", "ablate.data.digits.digits"),
        ("model: {hidden: [{_target_: ablate.data.download.mnist, root: made}]}", "ablate.data.download.mnist"),
        ("model: {extra: {_target_: torch.nn.Linear, _args_: [{_target_: os.getcwd}]}}", "os.getcwd"),
        ("model: {extra: {_target_: torch.nn.Linear, _partial_: true, a: {_target_: 'torch.hub.load'}}}", "hub.load"),
        ("optimizer: {_target_: torch.nn.Linear}", "torch.nn.Linear"),
    ],
)
def test_what_an_option_calls_is_checked_in_the_composed_configuration(run, text, message):
    (run / "options/experiment/mine.yaml").write_text(GLOBAL + text)
    assert message in refused(run, "experiment=mine", {"--config-dir": "options"})
    assert not (run / "made").exists()


def test_settings_of_a_run_are_allowed(run):
    (run / "options/mine.yaml").write_text("defaults: [config, more, _self_]\ntrainer: {epochs: 2}\n")
    (run / "options/more.yaml").write_text("seed: 7\nhydra: {sweep: {dir: mine}, launcher: {jobs_at_once: 2}}\n")
    (run / "options/study").mkdir()
    (run / "options/study/few.yaml").write_text(
        f"{GLOBAL}defaults: [{{override /hydra/sweeper: optuna}}, {{override /hydra/launcher: ray}}]\n"
        "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}, sampler: {_target_: optuna.samplers.CmaEsSampler}}}\n"
    )
    words = ["data=digits", "model=mlp", "optimizer.lr='0.1'", "study=few"]
    words += ["augmentation=[flip,cutout]", "~augmentation.flip", "++trainer.batch_size=8"]
    config = check(run, MINE, words, trusted=False)
    assert (config.seed, config.trainer.epochs, config.trainer.batch_size) == (7, 2, 8)
    assert config.study.trial is None and "hydra" not in config


def test_a_trial_of_a_search_is_trained_as_a_run(run):
    """`study.trial` made a run build the pruner in the settings of the sweeper."""
    (run / ".hydra").mkdir()
    (run / ".hydra/config.yaml").write_text("trainer: {threads: 1}\n")
    (run / "options/experiment/mine.yaml").write_text(f"{GLOBAL}study: {{trial: 0}}\n")
    record = RunRecord(
        status="completed", rerun="ablate train data=digits study.trial=0 +study.trial=1 experiment=mine"
    )
    flags, words = rerun_words(run, record, read_config(run))
    assert words == ["data=digits", "experiment=mine"]
    assert check(run, {"--config-dir": "options"}, words, trusted=False).study.trial is None


def test_an_attack_from_a_received_folder_runs_nothing(tmp_path):
    """The whole command, with the folder that once made `reproduce` call a function that its sender named."""
    assert ablate(tmp_path, "train", *SMALL, "model=mlp", "model.hidden=[4]", "hydra.run.dir=run").returncode == 0
    record = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/o/e").mkdir(parents=True)
    (tmp_path / "run/o/experiment").mkdir()
    evil = f"{GLOBAL}study: {{trial: 0}}\nhydra: {{sweeper: {{sampler: {WRITE}, pruner: {WRITE}}}}}\n"
    (tmp_path / "run/o/e/x.yaml").write_text(evil)
    (tmp_path / "run/o/experiment/x.yaml").write_text(evil)
    for word in ("+e=x", "experiment=x"):
        command = f"ablate train --config-dir {tmp_path}/run/o {word} {record['rerun'].removeprefix('ablate train ')}"
        (tmp_path / "run/run.json").write_text(json.dumps({**record, "rerun": f"{command} study.trial=0"}))
        ended = ablate(tmp_path, "reproduce", "run")
        assert ended.returncode == 2 and "can run other code" in ended.stderr, ended.stderr
        assert not (tmp_path / "ran").exists() and not (tmp_path / "outputs").exists()
