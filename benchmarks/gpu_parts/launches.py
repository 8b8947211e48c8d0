"""Training steps of the package: milliseconds, kernels per step, GPU time, and how fast a CUDA graph of a step is."""

import statistics
from functools import partial

import torch
from torch.profiler import ProfilerActivity, profile

from ablate.training import loop
from ablate.training.draws import drawn
from ablate.training.meter import Meter
from benchmarks.gpu_parts.part import CUDA, Settings, attempt, row, start, timed
from benchmarks.gpu_parts.steps import Steps

SIZES = {"assignment_mlp": 64, "assignment_cnn": 64, "assignment_cnn_bn": 64, "speedrun": 2000}


def measure(settings: Settings) -> None:
    """Time steps of each experiment, and profile some. A GPU that is busy for a part of a step waits for Python."""
    for experiment, size in SIZES.items():
        size, steps = settings.of((20, 2), (size, 20 if size > 500 else 40))
        words = [*settings.words(), f"experiment={experiment}", f"trainer.batch_size={size}"]
        step = Steps([*words, f"data.train_limit={size * steps}"])
        step.package(), step.bare(2)
        rates = [(step.package(), step.bare(steps)) for _ in range(3)]
        package, bare = (1000 * size / statistics.median(each) for each in zip(*rates, strict=True))
        row(f"{experiment}, batches of {size}", f"{package:.2f} ms per step; bare step {bare:.2f} ms")
        if CUDA:
            attempt(f"{experiment}, the GPU alone", partial(kernels, experiment, step, steps))
            attempt(f"{experiment}, CUDA graph", partial(graph, experiment, step, steps, package))


def kernels(experiment: str, step: Steps, steps: int) -> None:
    """Count the kernels that a step starts, and the milliseconds for which the GPU works on them."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        step.package()
    events = [event for event in profiled.events() if event.device_type.name == "CUDA"]
    busy = sum(event.time_range.elapsed_us() for event in events) / 1000
    row(f"{experiment}, the GPU alone", f"{len(events) / steps:.0f} kernels and {busy / steps:.2f} ms per step")


def graph(experiment: str, step: Steps, steps: int, package: float) -> None:
    """Time steps whose augmentation, forward pass, backward pass and metrics are one CUDA graph.

    The weights of the experiment are changed. The package has no such option: the row is what one would gain.
    """
    parts, data = step.parts, step.data
    size = step.config.trainer.batch_size
    order, draws = drawn(parts.augment, data, step.config.trainer.sampler, 1, 0)
    meter, positions = Meter(data.images.device, parts.criterion), torch.arange(size, device=data.images.device)
    parts.precision = partial(torch.autocast, "cuda", torch.bfloat16, cache_enabled=False)  # a cached copy is outdated

    def gradient() -> None:
        for batch in loop.add_gradient(parts, data, order, draws, [positions]):
            meter.add(batch)

    def replay() -> None:
        for number in range(steps):
            torch.arange(number * size, (number + 1) * size, out=positions)
            captured.replay()
            parts.optimizer.step()
            parts.scheduler.step()

    parts.model.train()
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # what is done once only must not be captured
        for _ in range(3):
            parts.optimizer.zero_grad()
            gradient()
    torch.cuda.synchronize()
    parts.optimizer.zero_grad()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        gradient()
    seconds, _ = timed(replay)
    took = 1000 * seconds / steps
    row(f"{experiment}, CUDA graph of a step's gradient", f"{took:.2f} ms per step, {package / took:.1f} times as fast")


if __name__ == "__main__":
    start(measure)
