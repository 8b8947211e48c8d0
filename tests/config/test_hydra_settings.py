"""Each setting of Hydra is honored, or refused in one sentence before a run starts."""

from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.conf import HydraConf
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from ablate.config import CONF, hydra_settings, register
from ablate.config.messages import sentence
from ablate.terminal.errors import InputError
from tests.processes import SMALL, ablate

register()
RUN, STUDY = RunMode.RUN, RunMode.MULTIRUN


def refusal(words: str, mode: RunMode) -> str:
    """The message for overrides of Hydra's settings; empty if they are honored."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        try:
            config: Any = loader.load_configuration("config", [*words.split(), f"hydra.mode={mode.name}"], mode)
            hydra_settings.check(config.hydra)
        except InputError as error:
            return str(error)
        except Exception as error:
            return sentence(error)
    return ""


HONORED = [
    (RUN, "hydra.run.dir=outputs/r"),
    (RUN, "hydra.run.dir=outputs/${hydra.job.override_dirname}"),
    (RUN, "hydra.job.chdir=false"),
    (RUN, "hydra.job.name=other"),
    (RUN, "hydra.job.config.override_dirname.kv_sep=-"),
    (RUN, "hydra.verbose=true"),
    (RUN, "hydra.verbose=[ablate]"),
    (RUN, "hydra/hydra_logging=none"),
    (RUN, "hydra.job_logging.root.level=DEBUG"),
    (RUN, "hydra.job_logging.handlers.console.level=ERROR"),
    (RUN, "+hydra.job_logging.loggers.PIL.level=ERROR"),
    (RUN, "+hydra.callbacks.mine._target_=my_module.Callback"),
    (RUN, "hydra.help.header=Other"),
    (STUDY, "hydra.sweep.dir=elsewhere/${study.name}"),
    (STUDY, "hydra/launcher=basic"),
    (STUDY, "hydra.launcher.jobs_at_once=3"),
    (STUDY, "hydra/launcher=submitit_slurm hydra.launcher.partition=5"),
    (STUDY, "hydra/sweeper=optuna hydra.sweeper.pruner=null +hydra.sweeper.sampler.multivariate=true"),
]


@pytest.mark.parametrize(("mode", "words"), HONORED, ids=lambda value: getattr(value, "name", value))
def test_these_settings_are_honored(mode, words):
    assert refusal(words, mode) == ""


REFUSED = [
    (RUN, "hydra.job.chdir=true", "hydra.job.chdir=true is not supported. Relative paths"),
    (STUDY, "hydra.job.chdir=true", "hydra.job.chdir=true is not supported"),
    (RUN, "hydra.output_subdir=null", "hydra.output_subdir=null is not supported"),
    (RUN, "hydra.output_subdir=other", "hydra.output_subdir=other is not supported"),
    (RUN, "hydra/job_logging=none", "train.log"),
    (RUN, "hydra/job_logging=disabled", "train.log"),
    (RUN, "hydra/job_logging=stdout", "train.log"),
    (RUN, "hydra.job_logging.handlers.file.filename=/tmp/x", "train.log"),
    (RUN, "hydra.job_logging.root.handlers=[console]", "train.log"),
    (RUN, "+hydra.job.env_set.LR=1", "NAME=VALUE ablate train"),
    (RUN, "hydra.job.env_copy=[HOME]", "hydra.job.env_copy=['HOME'] is not supported"),
    (RUN, "hydra.job.id=5", "Hydra computes this value"),
    (STUDY, "hydra.job.num=5", "Hydra computes this value"),
    (RUN, "hydra.runtime.output_dir=x", "Hydra computes this value"),
    (RUN, "hydra.overrides.task=[a]", "Hydra computes this value"),
    (RUN, "~hydra.callbacks.keep_finished", "protects finished runs"),
    (RUN, "~hydra/callbacks", "protects finished runs"),
    (RUN, "hydra.callbacks.keep_finished._target_=my.Own", "protects finished runs"),
    (RUN, "+hydra.unknown=1", "hydra.unknown=1 is not supported"),
    (RUN, "hydra.max_batch_size=1", "hydra.max_batch_size: there is no such key"),
    (RUN, "hydra/callbacks=null", "must be the name of an option"),
    (RUN, "hydra/launcher=ray", "applies only to a study. Add -m"),
    (RUN, "hydra.launcher.jobs_at_once=2", "applies only to a study. Add -m"),
    (RUN, "hydra.sweep.dir=x", "applies only to a study. Add -m"),
    (STUDY, "hydra.run.dir=x", "is the folder of a single run"),
    (STUDY, "hydra.sweep.subdir=${hydra.job.num}x", "hydra.sweep.subdir"),
    (STUDY, "hydra.sweep.dir=o/${hydra.job.override_dirname}", "hydra.job differs between them"),
    (STUDY, "hydra.sweep.dir=o/${hydra.job.num}", "hydra.job differs between them"),
    (STUDY, "hydra/sweeper=basic", "hydra/sweeper=basic is not supported. Use hydra/sweeper=study"),
    (STUDY, "hydra.launcher.jobs_at_once=-1", "hydra.launcher.jobs_at_once=-1 is not allowed: it must be at least 1"),
    (STUDY, "hydra.launcher.jobs_at_once=two", "could not be converted to Integer. It must be at least 1"),
    (STUDY, "hydra.launcher.jobs_per_gpu=0", "hydra.launcher.jobs_per_gpu=0 is not allowed"),
    (STUDY, "+hydra.launcher.jobs=1", "hydra.launcher.jobs: there is no such key"),
    (STUDY, "hydra.launcher.job_per_gpu=1", "Did you mean hydra.launcher.jobs_per_gpu?"),
    *((STUDY, f"hydra/launcher={name} hydra.launcher.wait=false", "tmux") for name in ("local", "ray", "basic")),
    (STUDY, "hydra.launcher.partition=gpu", "It is a key of hydra/launcher=submitit_slurm."),
    (STUDY, "hydra.launcher.init.address=auto", "It is a key of hydra/launcher=ray."),
    (STUDY, "hydra.sweeper.n_trials=5", "It is a key of hydra/sweeper=optuna."),
    (STUDY, "hydra/launcher=submitit_slurm hydra.launcher.timeout_min=0", "timeout_min=0 is not allowed"),
    (STUDY, "hydra/launcher=submitit_slurm hydra.launcher.mem_gb=-4", "mem_gb=-4.0 is not allowed"),
    (STUDY, "hydra/sweeper=optuna hydra.sweeper.n_trials=0", "hydra.sweeper.n_trials=0 is not allowed"),
    (STUDY, "hydra/sweeper=optuna hydra.sweeper.n_jobs=-1", "hydra.sweeper.n_jobs=-1 is not allowed"),
    (STUDY, "hydra/sweeper=optuna hydra.sweeper.n_job=1", "Did you mean hydra.sweeper.n_jobs?"),
    (STUDY, "hydra.sweeper.max_batch_size=1", "hydra.sweeper.max_batch_size: there is no such key"),
    (STUDY, "hydra/sweeper=optuna hydra.sweeper.sampler=5", "hydra.sweeper.sampler"),
]


@pytest.mark.parametrize(("mode", "words", "message"), REFUSED, ids=lambda value: getattr(value, "name", value))
def test_these_settings_are_refused(mode, words, message):
    text = refusal(words, mode)
    assert message in text and "\n" not in text and len(text) < 300


def test_each_setting_of_this_version_of_hydra_is_in_one_class():
    """A setting that is honored or computed exists; of the others each refuses another value than its default."""
    settings = {str(key) for key in OmegaConf.structured(HydraConf)}
    known = (*hydra_settings.HONORED, *hydra_settings.COMPUTED)
    assert {key.partition(".")[0] for key in known} <= settings | {"env"}
    assert settings - {key.partition(".")[0] for key in known} == {"output_subdir"}


@pytest.mark.parametrize(
    "words", [("-m", "seed=0,1", "hydra.job.chdir=true"), ("~hydra/callbacks",), ("-m", "hydra/sweeper=basic")]
)
def test_a_refused_setting_leaves_no_run(words, tmp_path):
    ended = ablate(tmp_path, "train", *SMALL, "model=mlp", *words)
    assert ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert not list(tmp_path.rglob("model.pt"))


def test_the_folder_of_a_study_is_the_same_for_all_runs(tmp_path):
    folder = "hydra.sweep.dir=o/${seed} ${now:%f}"
    ended = ablate(tmp_path, "train", "-m", *SMALL, "model=mlp", "seed=0,1", folder, "hydra.job.name=other")
    assert ended.returncode == 0, ended.stderr
    (study,) = Path(tmp_path, "o").iterdir()
    assert len(list(study.glob("baseline/seed=*/run.json"))) == 2
    assert len(list(study.glob("baseline/seed=*/train.log"))) == 2
