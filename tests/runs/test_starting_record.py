"""The record of a starting run: its place in a study, its hashes, and the command that retrains it."""

import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from ablate.config import CONF, register
from ablate.runs import study_plan
from ablate.runs.run_record import RunRecord
from ablate.runs.starting_record import Position, starting_record, study_position
from ablate.runs.study_plan import PlannedRun, StudyPlan

register()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of a baseline and one variant."""
    runs = [
        PlannedRun(variant=name, factors={"model": model}, seed=0, folder=f"{name}/seed=0", config_sha256="0")
        for name, model in (("baseline", "cnn"), ("model=mlp", "mlp"))
    ]
    plan = StudyPlan(
        name="s", design="factorial", baseline={"model": "cnn"}, factors={"model": ["cnn", "mlp"]}, seeds=[0],
        command="ablate train -m ...", runs=runs,
    )  # fmt: skip
    (tmp_path / "s").mkdir()
    study_plan.write(tmp_path / "s", plan)
    return tmp_path / "s"


def test_a_run_of_a_study_has_its_variant_and_factors(study, monkeypatch):
    assert study_position(study, study / "model=mlp/seed=0") == Position("s", "model=mlp", {"model": "mlp"})
    monkeypatch.chdir(study.parent)
    assert study_position(Path("s"), Path("s/baseline/seed=0")) == Position("s", "baseline", {"model": "cnn"})


def test_a_run_that_no_plan_names_has_its_folder_as_variant(study, tmp_path):
    assert study_position(study, study / "model=vgg/seed=1") == Position("s", "model=vgg/seed=1", {})
    assert study_position(tmp_path / "new", tmp_path / "new/a") == Position("new", "a")
    assert study_position(None, study / "baseline/seed=0") == Position(None, None, {})


def record(mode: RunMode, folder: Path, *words: str) -> RunRecord:
    """The record of a run with these overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", list(words), return_hydra_config=True)
    with open_dict(config):
        config.hydra.mode, config.hydra.sweep.dir = mode, str(folder.parents[1])
        config.hydra.runtime.output_dir = str(folder)
    before = HydraConfig.instance().cfg
    HydraConfig.instance().cfg = config
    try:
        with open_dict(config):
            alone: DictConfig = config.copy()
            del alone["hydra"]
        return starting_record(alone, folder)
    finally:
        HydraConfig.instance().cfg = before


def test_the_seed_changes_the_hash_of_the_configuration_and_not_that_of_the_settings(study):
    folder = study / "model=mlp/seed=0"
    one, other, wider = (
        record(RunMode.RUN, folder, "data=digits", "model=mlp", *words)
        for words in (["seed=3"], ["seed=4"], ["seed=3", "optimizer.lr=0.5"])
    )
    assert (one.status, one.study, one.variant, one.seed) == ("running", None, None, 3)
    assert one.config_sha256 != other.config_sha256 and one.settings_sha256 == other.settings_sha256
    assert wider.settings_sha256 != one.settings_sha256 and one.code_sha256 == wider.code_sha256
    assert len(one.code_sha256) == 64 and one.own_code == {}
    assert shlex.split(one.rerun) == ["ablate", "train", "data=digits", "model=mlp", "seed=3"]


@pytest.mark.parametrize(
    ("mode", "words", "threads"),
    [
        (RunMode.MULTIRUN, [], ["trainer.threads=3"]),
        (RunMode.MULTIRUN, ["trainer.threads=2"], ["trainer.threads=2"]),
        (RunMode.RUN, [], []),
    ],
)
def test_the_threads_that_a_launcher_sets_are_part_of_the_command(study, monkeypatch, mode, words, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    run = record(mode, study / "model=mlp/seed=0", "data=digits", "model=mlp", "trainer.epochs=5", *words)
    assert [word for word in shlex.split(run.rerun) if "threads" in word] == threads
    assert run.epochs.planned == 5
    in_study = mode == RunMode.MULTIRUN
    assert (run.study, run.variant) == (("s", "model=mlp") if in_study else (None, None))
