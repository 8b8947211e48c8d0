"""Unpack the images, copy a few of each class, and decode those of this size into the cache that all parts read."""

import shutil
import tarfile
from pathlib import Path

from ablate.data.prepare import prepare
from benchmarks.gpu_parts.part import CORES, Settings, configured, row, start, timed

FEW = {True: 24, False: 200}  # images of each class in the copy, by `small`


def measure(settings: Settings) -> None:
    """Prepare the images."""
    if settings.root != settings.source:
        seconds, _ = timed(unpack, settings.source, settings.root)
        row("unpack the archive", f"{seconds:.1f} s")
    copy_first(settings.root, FEW[settings.small], settings.few)
    seconds, data = timed(prepare, configured(settings.words()).data)
    row("decode", f"{seconds:.1f} s, {data.source:,} training images on {CORES} cores")


def unpack(archive: Path, root: Path) -> None:
    """Unpack the archive; `root` becomes the folder in it that has train/ and test/."""
    whole = root.with_name("archive")
    with tarfile.open(archive) as content:
        content.extractall(whole, filter="data")
    depths = ("", "*/", "*/*/")
    inner = next(path.parent for depth in depths for path in whole.glob(f"{depth}train") if path.is_dir())
    inner.rename(root)


def copy_first(root: Path, count: int, copy: Path) -> None:
    """Copy the first `count` images of each class."""
    for part in ("train", "test"):
        for folder in sorted(path for path in (root / part).iterdir() if path.is_dir()):
            (copy / part / folder.name).mkdir(parents=True)
            for image in sorted(folder.iterdir())[:count]:
                shutil.copyfile(image, copy / part / folder.name / image.name)


if __name__ == "__main__":
    start(measure)
