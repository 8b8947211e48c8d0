"""Training on images that stay on disk, beside the same images in memory: seconds an epoch and peak memory.

    python benchmarks/streamed.py --root FOLDER_OF_IMAGES [--image-size 96] [--epochs 3]

The same runs by `data.memory_limit` alone, which is above and below what the decoded images take; their validation
losses must be equal to the last digit. The network is small, so that reading the images is a large part of a step.
Both find their images decoded; what decoding them to disk takes is printed first.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from scale import TRAIN, cost

WORDS = ["data=image_folder", "model=mlp", "model.hidden=[16]"]


def train(root: Path, image_size: int, epochs: int, limit: float, folder: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from start to end, and the run's record."""
    words = [f"data.root={root}", f"data.image_size={image_size}", f"data.memory_limit={limit}"]
    seconds, _ = cost([*TRAIN, *WORDS, *words, f"trainer.epochs={epochs}", f"hydra.run.dir={folder}"], folder.parent)
    return seconds, json.loads((folder / "run.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["ABLATE_CACHE"] = f"{scratch}/cache"
        seconds, _ = train(given.root, given.image_size, 1, 0.001, Path(scratch) / "decoded")
        print(f"one epoch, streamed, decoding as well: {seconds:.1f} s")
        losses = set()
        for name, limit in (("in memory", 1000), ("streamed", 0.001)):
            seconds, run = train(given.root, given.image_size, given.epochs, limit, Path(scratch) / name)
            epoch, losses = run["seconds"]["train"] / given.epochs, losses | {run["metrics"]["val_loss"]}
            memory = run["peak_memory"]["process"]
            print(f"{name:10} {seconds:7.1f} s in all {epoch:7.2f} s an epoch {memory:8.0f} MiB", flush=True)
        assert len(losses) == 1, f"the two runs differ: {losses}"


if __name__ == "__main__":
    main()
