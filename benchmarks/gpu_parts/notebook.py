"""The CNN of the assignment with `ablate train` and with a notebook's loop, each from start to end of its process."""

import statistics

from benchmarks.gpu_parts.part import Settings, row, start, timed, train
from benchmarks.notebook_loop import run_in_process, write_images


def measure(settings: Settings) -> None:
    """Train with both and each seed, alternating."""
    epochs, seeds = settings.of((1, 1), (5, 3))
    arrays = settings.scratch / "arrays"
    arrays.mkdir()
    write_images(settings.images, None, arrays)
    words = [*settings.words(), "experiment=assignment_cnn", f"trainer.epochs={epochs}"]
    ratios = []
    for seed in settings.rounds(seeds):
        seconds, record = timed(train, settings.scratch / f"notebook{seed}", *words, f"seed={seed}")
        row(
            f"seed {seed}, {epochs} epochs",
            f"{seconds:.1f} s, of which training and validation {record['seconds']['train']:.1f} s; "
            f"{100 * record['metrics']['val_accuracy']:.2f} %",
        )
        notebook_seconds, accuracy = timed(run_in_process, "notebook", arrays, "cnn", seed, epochs)
        ratios.append(notebook_seconds / seconds)
        row("notebook, the same", f"{notebook_seconds:.1f} s; {100 * accuracy:.2f} %")
    ratio = statistics.median(ratios)
    row("notebook's time relative to ablate train", f"{ratio:.2f}, {len(ratios)} seeds", "at least 15", ratio >= 15)


if __name__ == "__main__":
    start(measure)
