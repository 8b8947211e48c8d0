"""Measure what an image folder costs by its number of images: listing, decoding, the cache, and the memory of a run.

    python benchmarks/many_images.py [--images 1000 10000 100000] [--size 32] [--classes 10]
    python benchmarks/many_images.py --images 10000 100000 --classes 1000

The images are random JPEG files of 32 pixels. A tenth of them is held out, which must be at least one per class. The
first epoch of a small MLP decodes them into the cache; the second command reads them from it. Both stream them
(`data.memory_limit=0`), so that the memory is that of everything else: names, labels, indices and targets. The slopes
are those between the last two numbers of images.
"""

import argparse
import io
import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scale import TRAIN, Cost, cost

SMALL = ["data=image_folder", "data.memory_limit=0.000001", "model=mlp", "model.hidden=[4]", "trainer.epochs=1"]


def write(root: Path, count: int, classes: int) -> None:
    """Write `count` different JPEG files into folders of classes."""
    rng = np.random.default_rng(0)
    for label in range(classes):
        (root / f"train/class{label:04}").mkdir(parents=True)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(content := io.BytesIO(), "JPEG", quality=50)
        (root / f"train/class{number % classes:04}/{number:08}.jpg").write_bytes(content.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--size", type=int, default=32, help="image size in the cache, in pixels")
    parser.add_argument("--classes", type=int, default=10)
    args = parser.parse_args()
    before: tuple[int, dict[str, Cost]] | None = None
    for count in args.images:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            os.environ["ABLATE_CACHE"] = f"{scratch}/cache"
            write(folder / "images", count, args.classes)
            command = [
                *TRAIN,
                *SMALL,
                f"data.root={folder}/images",
                f"data.image_size={args.size}",
                "trainer.batch_size=512",
            ]
            costs = {name: cost(command, folder / name) for name in ("first", "cached")}
            cached = sum(path.stat().st_size for path in (folder / "cache").glob("*.npy"))
            print(f"{count:,} images, {args.classes} classes: {cached / count:,.1f} bytes of cache per image")
            for name, now in costs.items():
                line = f"  {name:8}{now.seconds:8.1f} s{now.cpu:8.1f} s of CPU{now.memory:8.0f} MiB"
                if before:
                    added, earlier = count - before[0], before[1][name]
                    line += f"{1e6 * (now.cpu - earlier.cpu) / added:9.1f} microseconds of CPU and"
                    line += f"{2**20 * (now.memory - earlier.memory) / added:9.0f} bytes per image"
                print(line, flush=True)
            before = count, costs


if __name__ == "__main__":
    main()
