"""A run can be resumed as long as one of its checkpoints is there."""

import pytest

from ablate.runs import checkpoints


@pytest.mark.parametrize("name", ["checkpoint.pt", "checkpoint.before.pt", "checkpoint.next.pt"])
def test_any_checkpoint_counts_and_all_are_removed(tmp_path, name):
    (tmp_path / "model.pt").touch()
    checkpoints.remove(tmp_path)
    assert not checkpoints.exist(tmp_path)
    (tmp_path / name).touch()
    assert checkpoints.exist(tmp_path)
    checkpoints.remove(tmp_path)
    assert not checkpoints.exist(tmp_path) and [path.name for path in tmp_path.iterdir()] == ["model.pt"]
