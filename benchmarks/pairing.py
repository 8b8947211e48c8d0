"""What pairing by seed buys: the spread of differences between variants of one seed, and of variants of two seeds.

    python benchmarks/pairing.py --root FOLDER_OF_IMAGES [--seeds 8] [--limit 10000] [--epochs 3]

Trains a study of four variants of the assignment's CNN in outputs/pairing, or goes on with it. With one seed, two
variants share the order of the images, their augmentation and the start of all layers that both have. With two seeds
they share none of it: their variances add up.
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
    """{variant: {seed: validation accuracy in per cent}} of the runs that are completed."""
    accuracies: dict[str, dict[int, float]] = {}
    for planned in study_plan.read(study).runs:
        state = planned_state(study, planned)
        if state.status == "completed" and state.val_accuracy is not None:
            accuracies.setdefault(planned.variant, {})[planned.seed] = 100 * state.val_accuracy
    return accuracies


def spreads(one: dict[int, float], other: dict[int, float]) -> tuple[float, float]:
    """Standard deviation of the differences at one seed, and between two seeds."""
    paired = statistics.stdev(one[seed] - other[seed] for seed in one.keys() & other.keys())
    return paired, math.hypot(statistics.stdev(one.values()), statistics.stdev(other.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="train/ and test/, a folder a class in each")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--limit", type=int, default=10_000, help="training images")
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    words = ["-m", f"study.name={STUDY.name}", "study.design=one_at_a_time", "experiment=assignment_cnn", *FACTORS,
             "data=image_folder", f"data.root={given.root.absolute()}", f"data.train_limit={given.limit}",
             f"trainer.epochs={given.epochs}", f"seed=range({given.seeds})"]  # fmt: skip
    subprocess.run([sys.executable, "-m", "ablate.cli", "train", *words], check=True)
    found = accuracies(STUDY)
    baseline = found["baseline"]
    print(f"{'variant':<28} {'difference':>10} {'sd, paired':>10} {'sd, apart':>10} {'ratio':>6}")
    ratios = []
    for variant, values in found.items():
        if variant != "baseline":
            paired, apart = spreads(values, baseline)
            ratios.append(apart / paired)
            difference = statistics.fmean(values[seed] - baseline[seed] for seed in values.keys() & baseline.keys())
            print(f"{variant:<28} {difference:>10.2f} {paired:>10.2f} {apart:>10.2f} {ratios[-1]:>6.2f}")
    print(
        f"median ratio {statistics.median(ratios):.2f}; its square is how many times as many seeds unpaired runs need"
    )


if __name__ == "__main__":
    main()
