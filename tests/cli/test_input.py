"""Invalid input: one or two sentences on stderr and exit status 2."""

import pytest

from tests.processes import SMALL, ablate, record

INVALID = {
    ("train", "model=resnt"): "Did you mean resnet?",
    ("train", "optimizer.lrr=1"): "Did you mean optimizer.lr?",
    ("train", "trainer.epochs=0", "data=digits"): "must be at least 1",
    ("train", "data=image_folder", "data.root=nowhere"): "nowhere",
    ("train", "data=digits", "data.val_fraction=0.0001"): "val_fraction",
    ("train", "data=digits", "data.train_limit=3"): "train_limit",
    ("train", "data=digits", "data.mean=[0,0,0]"): "data.mean",
    ("train", "data=digits", "model=torchvision", "model.name=resnet99"): "resnet",
    ("report", "nowhere"): "nowhere",
    ("test", "nowhere"): "nowhere",
    ("trian",): "unknown command 'trian'. Did you mean train?",
}


@pytest.mark.parametrize("arguments", INVALID, ids=" ".join)
def test_invalid_input_is_refused(arguments, tmp_path):
    ended = ablate(tmp_path, *arguments)
    assert ended.returncode == 2, ended.stderr
    assert INVALID[arguments] in ended.stderr
    assert "Traceback" not in ended.stderr and len(ended.stderr.strip().splitlines()) == 1
    assert not any(record(path.parent)["status"] == "completed" for path in tmp_path.rglob("run.json"))


def test_debug_prints_a_traceback(tmp_path):
    ended = ablate(tmp_path, "train", "data=image_folder", "data.root=nowhere", "--debug")
    assert ended.returncode == 2 and "Traceback" in ended.stderr


def test_an_output_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "outputs").write_text("a file")
    ended = ablate(tmp_path, "train", *SMALL)
    assert ended.returncode == 2 and "outputs" in ended.stderr and "Traceback" not in ended.stderr
