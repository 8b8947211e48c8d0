"""Commands for a study of an app, and the folders in which they are typed."""

import os

import pytest

from ablate.runs import run_record
from tests.study.app.conftest import SWEEP


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hydra.sweeper.design=onetime",), "design=onetime is unknown; designs: factorial"),
        (("hydra.sweeper.margin=-1",), "hydra.sweeper.margin: expected"),
        (("hydra.sweeper.name=a/b",), "must be a folder name"),
        (("hydra.sweeper.metric={direction: up, name: acc}",), "metric.direction=up must be max or min"),
        (("hydra.sweeper.seed_key=random_state",), "seed_key=random_state: the app"),
        (("+seed=0,1",), "seed"),
        (("dropout=interval(0,1)",), "an interval has no levels"),
        (("hydra.sweeper.metric=seconds",), "the metric 'seconds' is not printable, or is the name of a report column"),
        (("hydra.sweep.dir=${hydra.job.num}", "hydra.sweeper.name=null"), "all runs of a study need the same folder"),
        (("hydra/launcher=ablate_local", "hydra.launcher.jobs_at_once=-1"), "hydra.launcher.jobs_at_once: expected"),
    ],
)
def test_a_study_that_cannot_be_is_refused_in_a_sentence(tmp_path, app, words, message):
    ended = app(tmp_path, *SWEEP, "model=resnet,cnn", *words)
    assert ended.returncode == 2 and message in ended.stderr, ended.stderr
    assert "Traceback" not in ended.stderr and not (tmp_path / "outputs/s/study.json").exists()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("modle=resnet,cnn", "modle: the app's configuration has no such key. Did you mean model?"),
        ("dropuot=0,1", "dropuot: the app's configuration has no such key. Did you mean dropout?"),
        ("model.nme=a,b", "model.nme: the app's configuration has no such key."),
        ("zzz=1,2", "has no such key. Keys: dropout, form, model, out, seed. To add one, type +zzz=..."),
        ("model=resnet,ctn", "Could not find 'model/ctn'. Did you mean cnn? Available options in 'model': broken,"),
        ("+hydra.launcher.wait=false", "hydra.launcher.wait: no such key. The chosen option has no keys."),
    ],
)
def test_a_mistyped_key_or_option_of_the_app_names_the_nearest(tmp_path, app, word, message):
    refused = app(tmp_path, *SWEEP, "seed=0,1", word)
    assert refused.returncode == 2 and message in refused.stderr, refused.stderr
    assert len(refused.stderr.splitlines()) == 1 and not (tmp_path / "outputs").exists()


def test_an_unknown_option_is_refused_with_the_options_of_the_app(tmp_path, app):
    ended = app(tmp_path, *SWEEP, "model=resnet,resnet50")
    assert ended.returncode == 2 and "'model/resnet50'" in ended.stderr
    assert "Available options in 'model': broken, cnn, resnet, vit." in ended.stderr


@pytest.mark.parametrize("name", ["it's", "x=1,y {b} $c \\\\'\""])
def test_folders_with_characters_of_hydras_grammar(tmp_path, app, name):
    (tmp_path / name).mkdir()
    ended = app(tmp_path / name, *SWEEP, "seed=0")
    assert ended.returncode == 0, ended.stderr
    assert run_record.read(tmp_path / name / "outputs/s/baseline/seed=0").status == "completed"


@pytest.mark.parametrize("name", ["${oc.env:HOME}", os.fsdecode(b"caf\xe9")])
def test_a_folder_that_hydra_or_a_record_cannot_name_is_refused(tmp_path, app, name):
    (tmp_path / name).mkdir()
    ended = app(tmp_path / name, *SWEEP, "seed=0")
    assert ended.returncode == 2 and "Rename" in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / name / "outputs").exists()
