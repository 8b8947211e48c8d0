"""`experiment=full_marks` against the notebook's CNN: seconds from start to end, and accuracy on the test images.

    python benchmarks/full_marks.py --root FOLDER_OF_IMAGES [--seeds 5] [--notebooks 2] [--experiment full_marks]

Each training is a process of its own, one at a time, and both find their images decoded. The notebook's five epochs
(`notebook_loop.py`) are trained beside the first seeds; the ratio is that of medians. The test set is used once, at the
end, by `ablate test`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from notebook_loop import other, write_images

ABLATE = [sys.executable, "-m", "ablate.cli"]


def train(experiment: str, root: Path, seed: int, folder: Path) -> None:
    words = [f"experiment={experiment}", "data=image_folder", f"data.root={root}", f"seed={seed}"]
    subprocess.run([*ABLATE, "train", *words, f"hydra.run.dir={folder}"], check=True, stderr=subprocess.DEVNULL)


def tested(folders: list[Path]) -> list[float]:
    """Test accuracy of the runs, per cent."""
    subprocess.run([*ABLATE, "test", *folders], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [100 * json.loads((folder / "test.json").read_text())["accuracy"] for folder in folders]


def timed(work, *given) -> float:
    began = time.perf_counter()
    work(*given)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--notebooks", type=int, default=2, help="seeds with which the notebook's CNN is trained too")
    parser.add_argument("--experiment", default="full_marks")
    given = parser.parse_args()
    own, notebook = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / f"seed{seed}" for seed in range(given.seeds)]
        write_images(given.root, None, Path(scratch))
        for seed, folder in enumerate(folders):
            own.append(timed(train, given.experiment, given.root, seed, folder))
            print(f"  seed {seed}: {own[-1]:.1f} s", flush=True)
            if seed < given.notebooks:
                notebook.append(timed(other, "notebook", Path(scratch), "cnn", seed, 5))
                print(f"  seed {seed}, the notebook's CNN: {notebook[-1]:.1f} s", flush=True)
        right = tested(folders)
        size = max((folder / "model.pt").stat().st_size for folder in folders) / 1e6
    spread = statistics.stdev(right) if len(right) > 1 else float("nan")
    print(f"{given.experiment}: {statistics.median(own):.1f} s (median), model.pt {size:.1f} MB")
    listed = ", ".join(f"{accuracy:.2f}" for accuracy in right)
    print(f"test accuracy {statistics.fmean(right):.2f} ± {spread:.2f} % ({listed})")
    if notebook:
        times = statistics.median(notebook) / statistics.median(own)
        print(f"the notebook's CNN, 5 epochs: {statistics.median(notebook):.1f} s, {times:.2f} times as long")


if __name__ == "__main__":
    main()
