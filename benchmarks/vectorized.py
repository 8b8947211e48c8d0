"""Compare two ways to train several seeds of a network: vectorized in one model, and packed as one process per core.

    python benchmarks/vectorized.py [--seeds 4] [--networks mlp cnn] [--rounds 3]

Vectorized: the parameters of all seeds are stacked, and one call of `torch.func.vmap` computes all gradients on all
cores. Packed: one single-threaded process per core, each training one seed, as with `hydra/launcher=local`. Prints the
images per second of all seeds together: SGD, batches of 64 random 32x32 images, medians of rounds in which the two ways
alternate. First the vectorized gradients are compared with those of the single networks, in float64.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context

import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from ablate.backend.cpu_count import cpu_cores
from ablate.config import CONF, register
from ablate.data.prepare import Inputs
from ablate.model.build import build_model

BATCH, SECONDS = 64, 2.0  # images per batch, seconds per round
RATE, MOMENTUM = 0.01, 0.9
INPUTS = Inputs(tuple("0123456789"), 3, 32, torch.zeros(3), torch.ones(3))
PRECISIONS = {"fp32": False, "bf16": True}
Step = Callable[[], object]


def network(name: str, seed: int) -> nn.Module:
    """Build a model without normalization, because vmap cannot update running averages."""
    torch.manual_seed(seed)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build_model(compose("config", [f"model={name}"]), INPUTS)


def images(seeds: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """One batch per seed: random images (seeds, B, 3, 32, 32) and labels (seeds, B)."""
    torch.manual_seed(0)
    return torch.randn(seeds, BATCH, 3, 32, 32, dtype=dtype), torch.randint(0, 10, (seeds, BATCH))


def gradients(template: nn.Module, bf16: bool) -> Callable[..., dict[str, Tensor]]:
    """Build a function (stacked parameters, buffers, images, labels) -> stacked gradients."""

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = functional_call(template, (parameters, buffers), (x,))
        return F.cross_entropy(logits.to(x.dtype), y)

    return vmap(grad(loss))


def vectorized(name: str, seeds: int, bf16: bool) -> Step:
    """Build a function that takes one training step with all seeds at once."""
    nets = [network(name, seed) for seed in range(seeds)]
    parameters, buffers = stack_module_state(nets)
    parameters = {key: value.detach() for key, value in parameters.items()}
    moments = {key: torch.zeros_like(value) for key, value in parameters.items()}
    gradients_of, (x, y) = gradients(copy.deepcopy(nets[0]).to("meta"), bf16), images(seeds)

    def step() -> None:
        for key, gradient in gradients_of(parameters, buffers, x, y).items():
            moments[key].mul_(MOMENTUM).add_(gradient)
            parameters[key].sub_(moments[key], alpha=RATE)

    return step


def single(name: str, seed: int, bf16: bool) -> Step:
    """Build a function that takes one training step with one seed, as `ablate train` does."""
    net = network(name, seed).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), RATE, MOMENTUM, fused=True)
    x, y = (each[0] for each in images(1))
    x = x.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = net(x)
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), y).backward()
        optimizer.step()

    return step


def rate(step: Step) -> float:
    """Steps per second."""
    step(), step()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        step()
        steps += 1
    return steps / (time.perf_counter() - start)


def worker(name: str, seed: int, bf16: bool, ready, results) -> None:
    """Train one seed in a process and report its images per second. Waits at the barrier `ready` before timing."""
    torch.set_num_threads(1)
    register()
    step = single(name, seed, bf16)
    step()
    ready.wait()
    results.put(BATCH * rate(step))


def packed(name: str, cores: int, bf16: bool) -> float:
    """Total images per second of one process per core, timed simultaneously."""
    context = get_context("spawn")
    ready, results = context.Barrier(cores), context.Queue()
    processes = [context.Process(target=worker, args=(name, seed, bf16, ready, results)) for seed in range(cores)]
    for process in processes:
        process.start()
    total = sum(results.get() for _ in processes)
    for process in processes:
        process.join()
    return total


def difference(name: str) -> float:
    """Largest absolute difference between vectorized and single gradients, over two seeds, in float64."""
    nets = [network(name, seed).double() for seed in range(2)]
    parameters, buffers = stack_module_state(nets)
    x, y = images(2, torch.float64)
    stacked = gradients(copy.deepcopy(nets[0]).to("meta"), False)(parameters, buffers, x, y)
    worst = 0.0
    for seed, net in enumerate(nets):
        F.cross_entropy(net(x[seed]), y[seed]).backward()
        for key, value in net.named_parameters():
            worst = max(worst, (value.grad - stacked[key][seed]).abs().max().item())
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--networks", nargs="+", default=["mlp", "cnn"])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    register()
    cores = cpu_cores()
    for name in args.networks:
        print(f"{name}: gradients differ by at most {difference(name):.0e} in float64", flush=True)
        for precision, bf16 in PRECISIONS.items():
            step, rates = vectorized(name, args.seeds, bf16), []
            for _ in range(args.rounds):
                rates.append((packed(name, cores, bf16), BATCH * args.seeds * rate(step)))
            packed_rate, vectorized_rate = map(statistics.median, zip(*rates, strict=True))
            print(
                f"  {precision}: packed {packed_rate:,.0f}, vectorized {vectorized_rate:,.0f} images/s,"
                f" {vectorized_rate / packed_rate:.2f} times",
                flush=True,
            )


if __name__ == "__main__":
    main()
