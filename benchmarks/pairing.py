"""Measure how much pairing by seed reduces the variance of the difference between variants.

    python benchmarks/pairing.py --root FOLDER_OF_IMAGES [--seeds 8] [--limit 10000] [--epochs 3]

Trains, or resumes, a study of four variants of the assignment's CNN in outputs/pairing. Two variants with the same seed
share the order of the images, their augmentation and the initialization of the layers they have in common. With
different seeds they share nothing, and their variances add up.
"""

import argparse
import math
import statistics
import subprocess
import sys
from pathlib import Path

from ablate.runs import study_plan
from ablate.study.status import planned_state

STUDY = Path("outputs/pairing")
FACTORS = ("normalization=batch,group", "augmentation=none,flip_crop", "optimizer.lr=0.01,0.02")


def accuracies(study: Path) -> dict[str, dict[int, float]]:
    """{variant: {seed: validation accuracy (%)}} of the completed runs."""
    accuracy: dict[str, dict[int, float]] = {}
    for planned in study_plan.read(study).runs:
        state = planned_state(study, planned)
        value = state.value("val_accuracy")
        if state.status == "completed" and value is not None:
            accuracy.setdefault(planned.variant, {})[planned.seed] = 100 * value
    return accuracy


def standard_deviations(one: dict[int, float], other: dict[int, float]) -> tuple[float, float]:
    """Standard deviation of the difference between two variants, paired by seed and unpaired.

    Args:
        one: {seed: accuracy} of a variant.
        other: The same of another variant.
    """
    paired = statistics.stdev(one[seed] - other[seed] for seed in one.keys() & other.keys())
    return paired, math.hypot(statistics.stdev(one.values()), statistics.stdev(other.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root", type=Path, required=True, help="folder with train/ and test/, each with one folder per class"
    )
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--limit", type=int, default=10_000, help="number of training images")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    overrides = ["-m", f"study.name={STUDY.name}", "study.design=one_at_a_time", "experiment=assignment_cnn", *FACTORS,
             "data=image_folder", f"data.root={args.root.absolute()}", f"data.train_limit={args.limit}",
             f"trainer.epochs={args.epochs}", f"seed=range({args.seeds})"]  # fmt: skip
    subprocess.run([sys.executable, "-m", "ablate.cli", "train", *overrides], check=True)
    accuracy = accuracies(STUDY)
    baseline = accuracy["baseline"]
    print(f"{'variant':<28} {'difference':>10} {'SD paired':>10} {'unpaired':>10} {'ratio':>6}")
    ratios = []
    for variant, values in accuracy.items():
        if variant != "baseline":
            paired, unpaired = standard_deviations(values, baseline)
            ratios.append(unpaired / paired if paired else math.inf)
            difference = statistics.fmean(values[seed] - baseline[seed] for seed in values.keys() & baseline.keys())
            print(f"{variant:<28} {difference:>10.2f} {paired:>10.2f} {unpaired:>10.2f} {ratios[-1]:>6.2f}")
    ratio = statistics.median(ratios)
    print(f"median ratio {ratio:.2f}: without pairing, a study needs {ratio**2:.1f} times as many seeds")


if __name__ == "__main__":
    main()
