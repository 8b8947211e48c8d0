"""The seeds of one variant in one vectorised model, against the same seeds packed: a process and a thread each.

    python benchmarks/vectorised.py [--seeds 4] [--networks mlp cnn] [--rounds 3]

Vectorised: the parameters of all seeds are stacked, and `torch.func.vmap` takes the gradients of all in one call, with
all cores. Packed: as many processes as cores, each with the steps of its own seed, as `hydra/launcher=local` has them.
Images a second of all seeds together, SGD, batches of 64 random images of 32x32 pixels; medians of rounds in which the
ways take turns. Before it is timed, the vectorised gradients are compared with each seed's own, in float64.
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

from ablate.backend.cores import cpu_cores
from ablate.config import CONF, register
from ablate.data.prepare import Inputs
from ablate.model.build import build_model

BATCH, SECONDS = 64, 2.0  # of a round
RATE, MOMENTUM = 0.01, 0.9
INPUTS = Inputs(tuple("0123456789"), 3, 32, torch.zeros(3), torch.ones(3))
PRECISIONS = {"fp32": False, "bf16": True}
Step = Callable[[], object]


def network(name: str, seed: int) -> nn.Module:
    """A model of the package, without normalisation, whose running averages vmap cannot change."""
    torch.manual_seed(seed)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build_model(compose("config", [f"model={name}"]), INPUTS)


def images(seeds: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """A batch for each seed, (seeds, B, 3, 32, 32), and its labels."""
    torch.manual_seed(0)
    return torch.randn(seeds, BATCH, 3, 32, 32, dtype=dtype), torch.randint(0, 10, (seeds, BATCH))


def gradients(template: nn.Module, bf16: bool) -> Callable[..., dict[str, Tensor]]:
    """(stacked parameters, buffers, images, labels) -> stacked gradients."""

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = functional_call(template, (parameters, buffers), (x,))
        return F.cross_entropy(logits.to(x.dtype), y)

    return vmap(grad(loss))


def vectorised(name: str, seeds: int, bf16: bool) -> Step:
    """A step of all seeds at once."""
    nets = [network(name, seed) for seed in range(seeds)]
    parameters, buffers = stack_module_state(nets)
    parameters = {key: value.detach() for key, value in parameters.items()}
    moments = {key: torch.zeros_like(value) for key, value in parameters.items()}
    of, (x, y) = gradients(copy.deepcopy(nets[0]).to("meta"), bf16), images(seeds)

    def step() -> None:
        for key, change in of(parameters, buffers, x, y).items():
            moments[key].mul_(MOMENTUM).add_(change)
            parameters[key].sub_(moments[key], alpha=RATE)

    return step


def alone(name: str, seed: int, bf16: bool) -> Step:
    """A step of one seed, as the package has it."""
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
    """Steps a second."""
    step(), step()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        step()
        steps += 1
    return steps / (time.perf_counter() - began)


def worker(name: str, seed: int, bf16: bool, ready, results) -> None:
    """A process of the packed way."""
    torch.set_num_threads(1)
    register()
    step = alone(name, seed, bf16)
    step()
    ready.wait()
    results.put(BATCH * rate(step))


def packed(name: str, cores: int, bf16: bool) -> float:
    """Images a second of as many processes as cores, which start together."""
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
    """The largest difference between the vectorised gradients of two seeds and their own, in float64."""
    nets = [network(name, seed).double() for seed in range(2)]
    parameters, buffers = stack_module_state(nets)
    x, y = images(2, torch.float64)
    together = gradients(copy.deepcopy(nets[0]).to("meta"), False)(parameters, buffers, x, y)
    worst = 0.0
    for seed, net in enumerate(nets):
        F.cross_entropy(net(x[seed]), y[seed]).backward()
        for key, value in net.named_parameters():
            worst = max(worst, (value.grad - together[key][seed]).abs().max().item())
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--networks", nargs="+", default=["mlp", "cnn"])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    register()
    cores = cpu_cores()
    for name in given.networks:
        print(f"{name}: gradients differ by at most {difference(name):.0e} in float64", flush=True)
        for precision, bf16 in PRECISIONS.items():
            step, found = vectorised(name, given.seeds, bf16), []
            for _ in range(given.rounds):
                found.append((packed(name, cores, bf16), BATCH * given.seeds * rate(step)))
            one, other = (statistics.median(each) for each in zip(*found, strict=True))
            print(
                f"  {precision}: packed {one:,.0f}, vectorised {other:,.0f} images/s, {other / one:.2f} times",
                flush=True,
            )


if __name__ == "__main__":
    main()
