"""`trainer.compile` off and on, and CUDA graphs, which the package has no option for, in bare steps."""

import statistics

import torch

from benchmarks.gpu_parts.part import CUDA, Settings, attempt, row, start, timed
from benchmarks.gpu_parts.steps import Steps

GRAPHS = "bare steps, CUDA graphs (mode=reduce-overhead)"


def measure(settings: Settings) -> None:
    """Time plain steps, then the others; one that fails does not end the part."""
    size, steps = settings.of((50, 2), (500, 100))
    network = settings.of("model=mlp", "experiment=speedrun")
    words = [*settings.words(), network, f"trainer.batch_size={size}"]
    words.append(f"data.train_limit={settings.of(2, 40) * size}")
    plain = Steps(words)
    plain.package()
    off = statistics.median(plain.package() for _ in range(3))
    row(f"{network}, trainer.compile=false", f"{off:,.0f} images/s, batches of {size}")
    plain.bare(2)
    bare = plain.bare(steps)
    row("bare steps", f"{bare:,.0f} images/s")
    if CUDA:
        torch.backends.cudnn.benchmark = True
        plain.bare(5)
        row("bare steps, cudnn.benchmark", f"{plain.bare(steps):,.0f} images/s")
        torch.backends.cudnn.benchmark = False
    attempt("trainer.compile=true", lambda: compiled(words, network, off))
    attempt(GRAPHS, lambda: graphs(plain, bare, steps))


def compiled(words: list[str], network: str, off: float) -> None:
    """Time the package's steps with `trainer.compile=true`; `off` is the rate without."""
    steps = Steps([*words, "trainer.compile=true"])
    first, _ = timed(steps.package)
    on = statistics.median(steps.package() for _ in range(3))
    value = f"{on:,.0f} images/s, {on / off:.2f} times as many; {first:.0f} s for the first epoch"
    row(f"{network}, trainer.compile=true", value)


def graphs(plain: Steps, bare: float, steps: int) -> None:
    """Time bare steps in CUDA graphs; `bare` is the rate without."""
    forward = torch.compile(plain.parts.model, mode="reduce-overhead", dynamic=False)
    first, _ = timed(plain.bare, 5, forward)
    rate = plain.bare(steps, forward)
    row(GRAPHS, f"{rate:,.0f} images/s, {rate / bare:.2f} times as many; {first:.0f} s for the first 5 steps")


if __name__ == "__main__":
    start(measure)
