"""Training steps of the package: milliseconds, operations that are started on the GPU, and how long it is busy."""

import statistics
from functools import partial

from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu_parts.part import CUDA, Settings, attempt, row, start
from benchmarks.gpu_parts.steps import Steps

SIZES = {"assignment_mlp": 64, "assignment_cnn": 64, "assignment_cnn_bn": 64, "speedrun": 2000}


def measure(settings: Settings) -> None:
    """Time steps of each experiment, and profile some. A GPU that is busy for a part of a step waits for Python."""
    for experiment, size in SIZES.items():
        size, steps = settings.of((20, 2), (size, 20 if size > 500 else 100))
        words = [*settings.words(), f"experiment={experiment}", f"trainer.batch_size={size}"]
        step = Steps([*words, f"data.train_limit={size * steps}"])
        step.package(), step.bare(2)
        rates = [(step.package(), step.bare(steps)) for _ in range(3)]
        package, bare = (1000 * size / statistics.median(each) for each in zip(*rates, strict=True))
        row(f"{experiment}, batches of {size}", f"{package:.2f} ms per step; bare step {bare:.2f} ms")
        if CUDA:
            what = f"{experiment}, the GPU alone"
            attempt(what, partial(lambda what, step, steps: row(what, kernels(step, steps)), what, step, steps))


def kernels(step: Steps, steps: int) -> str:
    """Return how many kernels a step starts, and the milliseconds for which the GPU works on them."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        step.package()
    events = [event for event in profiled.events() if event.device_type.name == "CUDA"]
    busy = sum(event.time_range.elapsed_us() for event in events) / 1000
    return f"{len(events) / steps:.0f} kernels and {busy / steps:.2f} ms per step"


if __name__ == "__main__":
    start(measure)
