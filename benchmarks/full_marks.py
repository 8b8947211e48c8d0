"""Compare `experiment=full_marks` with the notebook's CNN: wall time and test accuracy.

    python benchmarks/full_marks.py --root FOLDER_OF_IMAGES [--seeds 5] [--notebooks 2] [OVERRIDE ...]

Each training runs in its own process, one at a time, on images that are already decoded. The notebook's CNN
(`notebook_loop.py`, five epochs) is trained with the first seeds. The printed ratio is that of the median times. The
test set is used once, at the end, by `ablate test`; `--no-test` leaves it alone, to compare recipes by their validation
accuracy. OVERRIDEs change the recipe.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from notebook_loop import run_in_process, write_images

ABLATE = [sys.executable, "-m", "ablate.cli"]


def train(recipe: list[str], root: Path, seed: int, folder: Path) -> None:
    """Train with `ablate train`."""
    overrides = [*recipe, "data=image_folder", f"data.root={root}", f"seed={seed}"]
    subprocess.run([*ABLATE, "train", *overrides, f"hydra.run.dir={folder}"], check=True, stderr=subprocess.DEVNULL)


def test_accuracies(folders: list[Path]) -> list[float]:
    """Test accuracy of each run, in percent."""
    subprocess.run([*ABLATE, "test", *folders], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [100 * json.loads((folder / "test.json").read_text())["accuracy"] for folder in folders]


def validation_accuracies(folders: list[Path]) -> list[float]:
    """Validation accuracy of each run, in percent."""
    return [100 * json.loads((folder / "run.json").read_text())["metrics"]["val_accuracy"] for folder in folders]


def timed(function, *arguments) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--notebooks", type=int, default=2, help="number of seeds for the notebook's CNN")
    parser.add_argument("--experiment", default="full_marks")
    parser.add_argument("--no-test", action="store_true", help="report the validation accuracy only")
    args, overrides = parser.parse_known_args()
    recipe = [f"experiment={args.experiment}", *overrides]
    seconds, notebook_seconds = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / f"seed{seed}" for seed in range(args.seeds)]
        write_images(args.root, None, Path(scratch))
        for seed, folder in enumerate(folders):
            seconds.append(timed(train, recipe, args.root, seed, folder))
            print(f"  seed {seed}: {seconds[-1]:.1f} s", flush=True)
            if seed < args.notebooks:
                notebook_seconds.append(timed(run_in_process, "notebook", Path(scratch), "cnn", seed, 5))
                print(f"  seed {seed}, the notebook's CNN: {notebook_seconds[-1]:.1f} s", flush=True)
        part, measured = ("validation", validation_accuracies) if args.no_test else ("test", test_accuracies)
        accuracies = measured(folders)
        size = max((folder / "model.pt").stat().st_size for folder in folders) / 1e6
    sd = statistics.stdev(accuracies) if len(accuracies) > 1 else float("nan")
    median = statistics.median(seconds)
    print(f"{' '.join([args.experiment, *overrides])}: {median:.1f} s (median), model.pt {size:.1f} MB")
    listed = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    print(f"{part} accuracy {statistics.fmean(accuracies):.2f} ± {sd:.2f} % (mean ± SD of {listed})")
    if notebook_seconds:
        notebook_median = statistics.median(notebook_seconds)
        ratio = notebook_median / median
        print(f"the notebook's CNN, 5 epochs: {notebook_median:.1f} s (median), {ratio:.2f} times as long")


if __name__ == "__main__":
    main()
