"""Flags of an app that contradict a study."""

import pytest

from tests.study.app.conftest import SWEEP


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--cfg", "job"), "--cfg applies to a single run"),
        (("--info", "config"), "--info applies to a single run"),
        (("--resolve",), "--resolve applies only to --cfg"),
        (("--package", "model"), "--package applies only to --cfg"),
    ],
)
def test_flags_that_contradict_a_study_are_refused_in_a_sentence(tmp_path, app, flags, message):
    refused = app(tmp_path, *SWEEP, "seed=0,1", *flags)
    assert refused.returncode == 2 and message in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr and not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("hydra.sweeper.metrc=acc", "hydra.sweeper.metrc: no such key. Did you mean metric? Keys: name, design,"),
        ("++hydra.sweeper.tunes={lr: [1, 2]}", "hydra.sweeper.tunes: no such key. Did you mean tune?"),
        ("hydra.launcher.jobs_at_onec=2", "hydra.launcher.jobs_at_onec: no such key. Did you mean jobs_at_once?"),
        ("+hydra.launcher.wait=false", "hydra.launcher.wait: no such key. Keys: jobs_at_once, jobs_per_gpu, own_app."),
    ],
)
def test_a_mistyped_key_of_our_sweeper_or_launcher_names_the_nearest(tmp_path, app, word, message):
    refused = app(tmp_path, *SWEEP, "hydra/launcher=ablate_local", "seed=0,1", word)
    assert refused.returncode == 2 and refused.stderr.startswith(message), refused.stderr
    assert len(refused.stderr.splitlines()) == 1 and not (tmp_path / "outputs").exists()


def test_flags_of_a_single_run_are_honored(tmp_path, app):
    shown = app(tmp_path, *SWEEP[1:], "seed=1", "--cfg", "job", "--resolve")
    assert shown.returncode == 0 and "seed: 1" in shown.stdout, shown.stderr
