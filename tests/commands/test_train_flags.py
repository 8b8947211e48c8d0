"""Flags of Hydra: each applies, or is refused in one sentence."""

import pytest

from ablate.commands.train_flags import hydra_arguments
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-m --cfg job seed=0,1", "--cfg applies to a single run, not to a study. Remove -m, or list the runs"),
        ("-m --info", "--info applies to a single run"),
        ("--run --multirun", "--run and --multirun contradict each other"),
        ("--cfg job --info", "--cfg and --info contradict each other"),
        ("--resolve seed=1", "--resolve applies only to --cfg"),
        ("--package optimizer", "--package applies only to --cfg"),
        ("--experimental-rerun x.pickle", "has no option --experimental-rerun"),
        ("--shell-completion query=bash", "ablate completion bash"),
        ("hydra.mode=RUN -m", "hydra.mode=RUN contradicts -m"),
        ("--cfg jobs", "invalid choice: 'jobs'"),
        ("--config-dir", "expected one argument"),
    ],
)
def test_flags_that_do_not_apply_are_refused(words, message, monkeypatch):
    monkeypatch.delenv("COMP_LINE", raising=False)
    with pytest.raises(InputError) as refused:
        hydra_arguments(words.split(), "ablate train")
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("", ""),
        ("--info", "--info"),
        ("seed=1 -m model=mlp", "-m seed=1 model=mlp"),
        ("--extend -m seed=1", "-m study.extend=true seed=1"),
        ("--cfg job --resolve --package optimizer", "--cfg job --resolve --package optimizer"),
        ("--cfg hydra seed=1", "--cfg hydra seed=1"),
        ("--info model=mlp", "--info=all model=mlp"),
        ("--info plugins model=mlp", "--info plugins model=mlp"),
        ("--help --resolve", "--help --resolve"),
        ("--config-name mine --config-dir c seed=1", "--config-name mine --config-dir c seed=1"),
        ("hydra.mode=MULTIRUN", "hydra.mode=MULTIRUN"),
    ],
)
def test_flags_come_before_overrides(words, arguments):
    assert sorted(hydra_arguments(words.split(), "ablate train")) == sorted(arguments.split())


def test_a_relative_config_path_is_that_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert hydra_arguments(["--config-path", "c"], "ablate train")[-1] == f"--config-path={tmp_path}/c"
    assert hydra_arguments(["--config-path=pkg://c"], "ablate train") == ["--config-path=pkg://c"]
