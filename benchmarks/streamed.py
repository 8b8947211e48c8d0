"""Compare training on images streamed from disk with training on images in memory: time and peak memory.

    python benchmarks/streamed.py --root FOLDER_OF_IMAGES [--image-size 96] [--epochs 3]

The two runs differ only in `data.memory_limit`, and their validation losses must be equal bit for bit. The network is
small, so that reading the images takes a large part of each step. The images are decoded to disk in a first run, which
is timed separately.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from scale import TRAIN, cost

OVERRIDES = ["data=image_folder", "model=mlp", "model.hidden=[16]"]


def train(root: Path, image_size: int, epochs: int, limit: float, folder: Path) -> tuple[float, dict[str, Any]]:
    """Train; returns the wall time in seconds and the content of run.json.

    Args:
        root: Folder of images.
        image_size: Height and width in pixels.
        epochs: Number of epochs.
        limit: `data.memory_limit`, in GiB.
        folder: Folder of the run.
    """
    overrides = [f"data.root={root}", f"data.image_size={image_size}", f"data.memory_limit={limit}"]
    command = [*TRAIN, *OVERRIDES, *overrides, f"trainer.epochs={epochs}", f"hydra.run.dir={folder}"]
    seconds = cost(command, folder.parent).seconds
    return seconds, json.loads((folder / "run.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["ABLATE_CACHE"] = f"{scratch}/cache"
        seconds, _ = train(args.root, args.image_size, 1, 0.001, Path(scratch) / "decoded")
        print(f"one epoch, streamed, including decoding: {seconds:.1f} s")
        losses = set()
        for name, limit in (("in memory", 1000), ("streamed", 0.001)):
            seconds, run = train(args.root, args.image_size, args.epochs, limit, Path(scratch) / name)
            epoch, losses = run["seconds"]["train"] / args.epochs, losses | {run["metrics"]["val_loss"]}
            memory = run["peak_memory"]["process"]
            print(f"{name:10} {seconds:7.1f} s in total {epoch:7.2f} s per epoch {memory:8.0f} MiB", flush=True)
        assert len(losses) == 1, f"the two runs differ: {losses}"


if __name__ == "__main__":
    main()
