"""`trainer.deterministic=true`: the same weights in two runs and after a kill, and what the option costs."""

import signal
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.gpu_parts.part import ABLATE, Settings, digest, row, start, train


def measure(settings: Settings) -> None:
    """Train twice with and without the option, alternating; then kill a run and resume it."""
    epochs, limit = settings.of((6, 200), (4, 20_000))
    words = [*settings.words(), "experiment=assignment_cnn_bn", f"trainer.epochs={epochs}", f"data.train_limit={limit}"]
    seconds: dict[str, list[float]] = {"true": [], "false": []}
    weights: dict[str, list[str]] = {"true": [], "false": []}
    for turn in range(2):
        for value in seconds:
            folder = settings.scratch / f"deterministic_{value}{turn}"
            record = train(folder, *words, f"trainer.deterministic={value}")
            seconds[value].append(record["seconds"]["train"])
            weights[value].append(digest(folder))
    same = {value: len(set(digests)) == 1 for value, digests in weights.items()}
    row("deterministic=true, two runs: same weights", "yes" if same["true"] else "no", "yes", same["true"])
    row("deterministic=false, two runs: same weights", "yes" if same["false"] else "no")
    cost = statistics.mean(seconds["true"]) / statistics.mean(seconds["false"])
    row("time with true relative to false", f"{cost:.2f}")
    folder, words = settings.scratch / "killed", [*words, "trainer.deterministic=true"]
    done = killed_after_an_epoch(folder, words, epochs)
    train(folder, *words)
    resumed = digest(folder) == weights["true"][0]
    row(f"killed after epoch {done} of {epochs}, resumed: same weights", "yes" if resumed else "no", "yes", resumed)


def killed_after_an_epoch(folder: Path, words: list[str], epochs: int) -> int:
    """Start a run, kill it once it has a checkpoint, and return the number of completed epochs."""
    command = [*ABLATE, "train", *words, f"hydra.run.dir={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (folder / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise RuntimeError("the run ended before it could be killed")
    done = (folder / "metrics.csv").read_text().count("\n") - 1
    if not 1 <= done < epochs or not (folder / "checkpoint.pt").exists():
        raise RuntimeError(f"the run was killed after {done} of {epochs} epochs, not between two")
    return done


if __name__ == "__main__":
    start(measure)
