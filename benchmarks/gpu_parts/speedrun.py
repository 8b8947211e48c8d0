"""`experiment=speedrun` and the recipe that it is based on, airbench94_muon: time and accuracy."""

import statistics
from pathlib import Path

from rich.console import Console

from ablate.data.batches import resident
from ablate.data.prepare import prepare
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import load_and_build
from benchmarks.gpu_parts.part import Settings, configured, row, start
from benchmarks.speedrun import train_recipe


def measure(settings: Settings) -> None:
    """Train both with each seed, alternating, after a warm-up of each."""
    epochs, size, seeds = settings.of((1, 50, 2), (8, 2000, 5))
    words = [*settings.words(), "experiment=speedrun", f"trainer.batch_size={size}", f"trainer.epochs={epochs}"]
    data = prepare(configured(words).data)
    train_recipe(data, 99, 1, size)
    fitted([*words, "seed=99", "trainer.epochs=1"], settings.scratch / "speedrun/warm")
    ours, theirs = [], []
    for seed in settings.rounds(seeds):
        seconds, accuracies = train_recipe(data, seed, epochs, size)
        theirs.append((seconds, accuracies["six views"]))
        ours.append(fitted([*words, f"seed={seed}"], settings.scratch / f"speedrun/{seed}"))
        row(f"seed {seed}: speedrun, recipe", ", ".join(f"{s:.2f} s {a:.2f} %" for s, a in (ours[-1], theirs[-1])))
    (seconds_ours, accuracy_ours), (seconds_theirs, accuracy_theirs) = (
        tuple(zip(*runs, strict=True)) for runs in (ours, theirs)
    )
    published = "published: 2.59 s and 94.0 % on an A100"
    row("airbench94_muon's recipe, not compiled", summary(seconds_theirs, accuracy_theirs), published)
    row("experiment=speedrun", summary(seconds_ours, accuracy_ours))
    ratio = statistics.median(one / other for one, other in zip(seconds_ours, seconds_theirs, strict=True))
    row("time relative to the recipe", f"{ratio:.2f}", "at most 1.1", ratio <= 1.1)
    difference = statistics.fmean(accuracy_ours) - statistics.fmean(accuracy_theirs)
    row("accuracy minus that of the recipe", f"{difference:+.2f} points", "at least -0.2", difference >= -0.2)


def fitted(words: list[str], folder: Path) -> tuple[float, float]:
    """Train in this process; return the seconds of all epochs and the validation accuracy in percent."""
    config = configured(words)
    folder.mkdir(parents=True)
    parts, data, device, _ = load_and_build(config)
    reporter = loop.Reporter([], Console(quiet=True), config.trainer.epochs)
    selected, rows, _ = loop.fit(parts, resident(data, device), config, reporter, Checkpoint(folder, {}))
    return sum(each["seconds"] for each in rows), 100 * selected.row["val_accuracy"]


def summary(seconds: tuple[float, ...], accuracies: tuple[float, ...]) -> str:
    """Median seconds; mean and standard deviation of the accuracies; number of seeds."""
    deviation = f" ± {statistics.stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
    mean = f"{statistics.fmean(accuracies):.2f}{deviation} %"
    return f"{statistics.median(seconds):.2f} s, {mean}, {len(seconds)} seeds"


if __name__ == "__main__":
    start(measure)
