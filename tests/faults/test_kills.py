"""One training run, killed wherever it changes a file or writes one, and started again: nothing tells."""

import shutil
import signal
import time
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from ablate.runs.checkpoints import CHECKPOINTS
from tests.faults.planting import (
    RUN,
    assert_the_same_values,
    assert_undisturbed,
    changes,
    faulty,
    report,
    whole,
    words,
)
from tests.processes import epochs, finish, start, until

DEAD = {"kill": -signal.SIGKILL, "torn": -signal.SIGXFSZ}


def kill_again_and_again(folder: Path, kills: int, epochs_planned: int, most: int) -> None:
    """Start the run `kills` times, each killed at one of its first `most` changes to the folder; then to its end."""
    random = Random(0)
    for _ in range(kills):
        kind, at = random.choice(["kill", "torn"]), random.randint(1, most)
        process = faulty(folder, kind, at, *words(epochs_planned))
        status, output = finish(process)
        assert status == DEAD[kind], (kind, at, output)
    whole(folder, *words(epochs_planned))


@pytest.mark.integration
def test_three_kills_in_writes_leave_the_same_bits(tmp_path, undisturbed):
    kill_again_and_again(tmp_path, kills=3, epochs_planned=40, most=40)
    assert_undisturbed(tmp_path, undisturbed)


def test_what_a_kill_just_after_the_end_left_is_removed(tmp_path, undisturbed):
    shutil.copytree(undisturbed / "outputs", tmp_path / "outputs")
    for name in CHECKPOINTS:
        (tmp_path / RUN / name).write_bytes(b"x")
    whole(tmp_path, *words(40))
    assert_undisturbed(tmp_path, undisturbed)


@pytest.mark.faults
def test_fifty_kills_in_writes_leave_the_same_report(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole(tmp_path / "whole", *words(400))
    kill_again_and_again(tmp_path / "cut", kills=50, epochs_planned=400, most=40)
    assert_undisturbed(tmp_path / "cut", tmp_path / "whole")
    pd.testing.assert_frame_equal(report(tmp_path / "cut"), report(tmp_path / "whole"))


@pytest.mark.faults
def test_fifty_kills_at_random_moments_leave_the_same_report(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole(tmp_path / "whole", *words(400))
    random = Random(0)
    for _ in range(50):
        at = epochs(tmp_path / "cut" / RUN) + random.randint(0, 4)
        process = start(tmp_path / "cut", *words(400))
        until(lambda: epochs(tmp_path / "cut" / RUN) >= at, process)  # noqa: B023  (called at once)
        time.sleep(random.uniform(0, 0.05))  # anywhere in an epoch; nothing is waited for
        process.kill()
        assert finish(process)[0] == -signal.SIGKILL
    whole(tmp_path / "cut", *words(400))
    assert_undisturbed(tmp_path / "cut", tmp_path / "whole")
    pd.testing.assert_frame_equal(report(tmp_path / "cut"), report(tmp_path / "whole"))


@pytest.mark.faults
def test_a_kill_at_every_change_and_in_every_write_leaves_the_same_values(tmp_path):
    (tmp_path / "whole").mkdir()
    done = changes(tmp_path / "whole", *words(2))
    moments = [("kill", at) for at in range(1, len(done) + 1)]
    moments += [("torn", at) for at, change in enumerate(done, 1) if change == "open"]
    recorded = max(at for at, change in enumerate(done, 1) if change == "os.rename")  # run.json says it is completed
    deaths = 0
    for kind, at in moments:
        folder = tmp_path / f"{kind}-{at}"
        folder.mkdir()
        status, output = finish(faulty(folder, kind, at, *words(2)))
        deaths += status == DEAD[kind]
        assert status == DEAD[kind] or (kind == "torn" and status == 0), (kind, at, output)  # a lock holds no bytes
        whole(folder, *words(2))
        unwritten = frozenset({"train.log"} if at > recorded else ())  # it has one line, which is written last
        assert_the_same_values(folder, tmp_path / "whole", but=unwritten)
    print(f"{deaths} deaths at {len(done)} changes")


@pytest.mark.faults
def test_a_kill_after_the_last_checkpoint_leaves_the_same_file_of_weights(tmp_path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    done = changes(tmp_path / "whole", *words(2))
    last = max(at for at, change in enumerate(done, 1) if change == "os.rename")  # run.json: model.pt is written
    assert finish(faulty(tmp_path / "cut", "kill", last, *words(2)))[0] == DEAD["kill"]
    whole(tmp_path / "cut", *words(2))
    assert_undisturbed(tmp_path / "cut", tmp_path / "whole")
