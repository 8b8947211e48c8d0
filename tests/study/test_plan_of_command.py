"""The plan's configurations against Hydra's own composition of each run."""

import re

import pytest
from hydra import compose as compose_one
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from ablate.config import CONF, register
from ablate.runs.config_hash import config_sha256
from ablate.runs.study_plan import StudyPlan
from ablate.study import factors, plan_of_command
from ablate.study.composer import PlanLoader
from ablate.study.overrides import read
from ablate.terminal.errors import InputError

register()


def study(*words: str, **settings: str) -> tuple[StudyPlan, list[str]]:
    """The composed study, and the hash that Hydra's own composition of each run's words has."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        settings_words = [f"study.{name}={value}" for name, value in {"name": "s", **settings}.items()]
        single = [word for word in words if "," not in word or ("=[" in word and "]," not in word)]
        config = loader.load_configuration("config", [*single, *settings_words], run_mode=RunMode.MULTIRUN)
        ready = PlanLoader(loader)
        composed_study = plan_of_command.study(ready, config, {}, words)
        planned = composed_study.plan
        hashes = []
        for run in planned.runs:
            overrides = composed_study.overrides[run.folder]
            composed = loader.load_sweep_config(config, overrides)
            planned_so = ready.load_sweep_config(config, overrides)  # with Hydra's own settings
            assert OmegaConf.to_container(planned_so) == OmegaConf.to_container(composed)
            with open_dict(composed):
                del composed["hydra"]
            hashes.append(config_sha256(composed))
        return planned, hashes


@pytest.mark.parametrize(
    ("count", "words"),
    [
        pytest.param(
            8,
            ["model=cnn,mlp", "optimizer.lr=0.1,1e-2", "trainer.grad_clip=null,1", "seed=3"],
            marks=pytest.mark.integration,
        ),
        (4, ["experiment=assignment_cnn,assignment_mlp", "seed=0,1", "data=digits"]),
        pytest.param(
            8,
            ["experiment=assignment_cnn,assignment_mlp", "activation=relu,mish", "loss=focal,cross_entropy", "seed=1"],
            marks=pytest.mark.integration,
        ),
        pytest.param(
            8,
            ["model=vgg,resnet", "normalization=none,batch", "optimizer=muon,adam", "optimizer.lr=0.3"],
            marks=pytest.mark.integration,
        ),
        (8, ["augmentation=[none],[flip]", "data.mean=[0.5],[0.4]", "optimizer=sgd,adam", "optimizer.lr=0.2"]),
        (6, ["optimizer.weight_decay=0,0.1", "data.split_seed=${seed}", "seed=0,1,2"]),
        (8, ["schedule=cosine,constant", "loss.label_smoothing=${optimizer.lr},0", "optimizer.lr=0.1,0.2"]),
    ],
)
def test_a_planned_configuration_is_the_one_hydra_composes(count, words):
    planned, hashes = study(*words)
    assert len(planned.runs) == count
    assert [run.config_sha256 for run in planned.runs] == hashes
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["trainer.epochs=9,2", "schedule.warmup_epochs=1,3"], "trainer.epochs=2+schedule.warmup_epochs=3/seed=0:"),
        (["optimizer=adam,schedule_free", "trainer.ema=null,0.9"], "optimizer=schedule_free+trainer.ema=0.9/seed=0:"),
        (
            ["model=cnn,resnet", "optimizer.nesterov=true", "optimizer.momentum=0.9,0"],
            "optimizer.momentum=0/seed=0 and 1 other:",
        ),
    ],
)
def test_levels_that_contradict_each_other_are_refused(words, runs):
    """Each level alone is valid; sections that earlier variants had in common are not checked again."""
    with pytest.raises(InputError, match=re.escape(f"Run {runs} ")):
        study(*words)


@pytest.mark.parametrize(
    ("words", "each"),
    [
        (["++seed=5"], [[]]),
        (["++optimizer.lr=0.5"], [[]]),
        (["++optimizer.lr=0.5", "optimizer.lr=0.1,0.2"], [["optimizer.lr=0.1"], ["optimizer.lr=0.2"]]),
        (["++optimizer.lr=0.1,0.2"], [["++optimizer.lr=0.1"], ["++optimizer.lr=0.2"]]),
        (["optimizer.lr=0.3", "optimizer.lr=0.4"], [[]]),
        (["++seed=3,4", "model=mlp"], [["++seed=3"], ["++seed=4"]]),
        (["seed=3", "seed=4"], [[]]),
        (["augmentation=[flip,cutout]", "~augmentation.cutout", "model=mlp,cnn"], [["model=mlp"], ["model=cnn"]]),
        (["~optimizer.momentum", "+optimizer.momentum=0.5,0.6"],
         [["+optimizer.momentum=0.5"], ["+optimizer.momentum=0.6"]]),
    ],
)  # fmt: skip
def test_overrides_mean_what_they_mean_in_one_run(words, each):
    planned, _ = study(*words)
    swept = [word for word in words if "," in word and "[" not in word]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        alone = [
            compose_one("config", [w for word in words for w in (levels if word in swept[:1] else [word])])
            for levels in each
        ]
    assert [run.config_sha256 for run in planned.runs] == [config_sha256(config) for config in alone]
    assert planned.seeds == list(dict.fromkeys(config.seed for config in alone))


@pytest.mark.parametrize(
    "words",
    [
        ["optimizer.lr=0.1,0.2", "++optimizer.lr=0.5"],
        ["model=mlp,cnn", "model=cnn"],
        ["optimizer.lr=0.1,0.2", "optimizer.lr=0.3,0.4"],
        ["optimizer.momentum=0.1,0.2", "~optimizer.momentum"],
        ["seed=0,1", "seed=5"],
    ],
)
def test_a_sweep_that_is_canceled_on_the_command_line_is_refused(words):
    with pytest.raises(InputError) as refused:
        study(*words)
    assert words[0] in str(refused.value) and words[1] in str(refused.value)


def test_the_command_line_replaces_a_factor_of_the_study_file():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        config = loader.load_configuration("config", ["study.name=s"], run_mode=RunMode.MULTIRUN)
        composed = plan_of_command.study(
            PlanLoader(loader), config, {"model": "mlp,cnn", "seed": [0, 1]}, ["model=vgg"]
        )
    assert composed.plan.factors == {} and len(composed.plan.runs) == 2


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        (["model=glob([mlp,net*])"], ["mlp", "net7"]),
        (["model=glob(*,exclude=[c*,r*,s*,t*,v*,w*,a*])"], ["mlp", "net7"]),
        (["extra=glob(*)"], ["one", "two"]),
    ],
)
def test_a_glob_matches_the_options_in_the_search_path(words, levels, tmp_path):
    for name, text in {"model/net7": "hidden: [7]", "extra/one": "p: 1", "extra/two": "p: 2"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(f"# @package {'_group_' if 'extra' not in name else 'data'}\n{text}\n")
    place = f"hydra.searchpath=['file://{tmp_path}']"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader
        config = loader.load_configuration("config", ["study.name=s", place], run_mode=RunMode.MULTIRUN)
        parsed = factors.read(read(PlanLoader(loader, config.hydra.searchpath), {}, words))
    assert list(parsed.factors.values()) == [levels]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("model=glob(zz*)", "has no levels"),
        ("seed=glob(*)", "has no levels"),
        ("seed=range(3,3)", "has no levels"),
        ("seed=shuffle(range(0,3))", "would change the baseline"),
        ("model=shuffle(mlp,cnn)", "would change the baseline"),
    ],
)
def test_a_sweep_without_definite_levels_is_refused(word, message):
    with pytest.raises(InputError, match=message):
        study(word)


@pytest.mark.parametrize(
    ("words", "each"),
    [
        (["+activation@model.act=relu,gelu"], [["+activation@model.act=relu"], ["+activation@model.act=gelu"]]),
        (["+optimizer@model.second=adam", "normalization=none,batch"],
         [["+optimizer@model.second=adam", "normalization=none"],
          ["+optimizer@model.second=adam", "normalization=batch"]]),
        (["+activation@model.act=leaky_relu", "model.act.negative_slope=0.1,0.2"],
         [["+activation@model.act=leaky_relu", "model.act.negative_slope=0.1"],
          ["+activation@model.act=leaky_relu", "model.act.negative_slope=0.2"]]),
    ],
)  # fmt: skip
def test_a_group_placed_in_a_package_is_composed_as_in_one_run(words, each, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_model.py").touch()
    user_model = ["model._target_=my_model.Net"]
    planned, hashes = study(*user_model, *words)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        alone = [config_sha256(compose_one("config", [*user_model, *single])) for single in each]
    assert [run.config_sha256 for run in planned.runs] == alone == hashes


@pytest.mark.parametrize("word", ["+seed=5,6", "~seed"])
def test_a_seed_that_no_run_could_have_is_refused(word):
    with pytest.raises((InputError, HydraException), match="seed"):
        study(word)


def test_two_names_of_one_configuration_are_one_run(caplog):
    planned, _ = study("optimizer=sgd,adam", "optimizer.lr=0.1,0.10,1e-1", design="one_at_a_time")
    assert [run.variant for run in planned.runs] == ["baseline", "optimizer=adam"]
    steps, _ = study("augmentation=[none],[flip,cutout],[cutout,flip]")
    assert len(steps.runs) == 3  # the order of the steps is a difference
    default, _ = study("trainer.epochs=5,7", design="one_at_a_time")
    assert [run.variant for run in default.runs] == ["baseline", "trainer.epochs=7"]


def test_a_new_key_is_refused():
    with pytest.raises(InputError, match=r"model.note: there is no such key"):
        study("model=vgg,resnet", "+model.note=a,b")


def test_a_run_that_cannot_be_is_named():
    with pytest.raises(InputError, match=r"Run optimizer.lr=-1/seed=0 and 1 other: optimizer.lr=-1.0 is not allowed"):
        study("model=cnn,mlp", "optimizer.lr=0.1,-1")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"design": "oneattime"}, "study.design=oneattime is not allowed: it must be one of factorial, one_at_a_time"),
        ({"design": "random"}, "study.draws=N, the number of variants, is required for study.design=random"),
        ({"draws": "3"}, "invalid for other designs"),
        ({"name": "a/b"}, "must be a folder name"),
    ],
)
def test_settings_of_a_study_are_refused_before_its_runs(settings, message):
    with pytest.raises(InputError, match=message):
        study("model=cnn,mlp", **settings)
