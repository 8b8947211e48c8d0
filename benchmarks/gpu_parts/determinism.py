"""`trainer.deterministic=true`: the same weights in two runs and after a kill, and what the option costs."""

import signal
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ablate.backend.hardware import set_deterministic
from benchmarks.gpu_parts.part import ABLATE, Settings, digest, row, start, train
from benchmarks.gpu_parts.steps import Steps


def measure(settings: Settings) -> None:
    """Train twice at the same time, kill a run and resume it, and time steps with and without the option."""
    epochs, limit, batches = settings.of((6, 200, 4), (3, 20_000, 100))
    words = [*settings.words(), "experiment=assignment_cnn_bn"]
    run = [*words, "trainer.deterministic=true", f"trainer.epochs={epochs}", f"data.train_limit={limit}"]
    folders = [settings.scratch / f"deterministic{number}" for number in range(2)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda folder: train(folder, *run), folders))
    same = digest(folders[0]) == digest(folders[1])
    row("two runs: same weights", "yes" if same else "no", "yes", same)
    folder = settings.scratch / "killed"
    done = killed_after_an_epoch(folder, run, epochs)
    train(folder, *run)
    resumed = digest(folder) == digest(folders[0])
    row(f"killed after epoch {done} of {epochs}, resumed: same weights", "yes" if resumed else "no", "yes", resumed)
    steps = Steps([*words, f"data.train_limit={batches * 32}", "trainer.batch_size=32"])
    ratios = []
    for _ in range(4):
        rates = {}
        for value in (True, False):
            set_deterministic(value)
            rates[value] = steps.package()
        ratios.append(rates[False] / rates[True])
    row("time of a step with true relative to false", f"{statistics.median(ratios[1:]):.2f}")  # the first warms up


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
