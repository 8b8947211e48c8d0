"""Studies in worker processes that execute several runs."""

from pathlib import Path

from tests.processes import SMALL, ablate

COUNTING = """
import gc
from torch import nn


class Net(nn.Sequential):
    def __init__(self, classes, channels, image_size, normalization, activation):
        super().__init__(nn.Flatten(), nn.Linear(channels * image_size**2, classes))
        gc.collect()
        with open({file!r}, "a") as file:
            print(sum(isinstance(obj, type) for obj in gc.get_objects()), file=file)
"""


def test_workers_do_not_leak_memory_between_runs(tmp_path):
    counts = tmp_path / "counts"
    (tmp_path / "counting.py").write_text(COUNTING.format(file=str(counts)))
    words = ("-m", "study.name=s", "model._target_=counting.Net", "seed=range(6)", "hydra.launcher.jobs_at_once=1")
    assert ablate(tmp_path, "train", *SMALL, *words).returncode == 0
    alive = [int(line) for line in Path(counts).read_text().split()]
    assert len(alive) >= 6 and len(set(alive[-4:])) == 1, (
        alive
    )  # number of classes; it grew when plugins were imported again
