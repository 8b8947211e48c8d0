"""`experiment=speedrun` beside the recipe that it follows, airbench94_muon, on the same images: seconds and accuracy.

    python benchmarks/speedrun.py --root FOLDER_OF_IMAGES [--seeds 1] [--limit N] [--batch-size 2000] [--epochs 8]

The recipe (K. Jordan, cifar10-airbench, 94.0 % of CIFAR-10's original test images) is written out here in a loop of its
own: what it trains, with which rates, and how it is evaluated; without its compilation. It trains on the device that
`trainer.device=auto` takes, in bf16 where `trainer.precision=auto` is that. Seconds are those of training and of the
validation that belongs to it: after each epoch in `ablate`, at the end in the recipe.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from hydra import compose, initialize_config_dir
from torch import Tensor, nn

from ablate.backend.hardware import keep_memory, pick_device, pick_precision
from ablate.config import CONF, register
from ablate.data.batches import scaling
from ablate.data.prepare import Prepared, prepare
from ablate.model.speednet import Whitening

WIDTHS = (64, 256, 256)
BIAS_RATE, HEAD_RATE, FILTER_RATE, DECAY = 0.053, 0.67, 0.24, 2e-6  # the decay is an image's
BIAS_EPOCHS = 3  # for so long the first layer's bias is trained


class Network(nn.Module):
    """Whitened patches, three stages of two convolutions, a pool and a linear layer; its norms have no scale."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        whitening = Whitening(3, 12, 2, 1)
        whitening.fit(images)
        self.first = nn.Conv2d(3, 24, 2)
        self.first.weight = nn.Parameter(whitening.weight.detach(), requires_grad=False)
        nn.init.zeros_(self.first.bias)
        layers, inputs = [nn.GELU()], 24
        for width in WIDTHS:
            pooled, second = self.conv(inputs, width), self.conv(width, width)
            layers += [pooled, nn.MaxPool2d(2), self.norm(width), nn.GELU(), second, self.norm(width), nn.GELU()]
            inputs = width
        self.body = nn.Sequential(*layers, nn.MaxPool2d(3), nn.Flatten())
        self.head = nn.Linear(inputs, 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    @staticmethod
    def conv(inputs: int, outputs: int) -> nn.Conv2d:
        made = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        nn.init.dirac_(made.weight.data[:inputs])
        return made

    @staticmethod
    def norm(width: int) -> nn.BatchNorm2d:
        made = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
        made.weight.requires_grad_(False)
        return made

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.first(x))
        return self.head(x) / x.shape[1]


@torch.no_grad()
def muon_step(filters: list[Tensor], buffers: list[Tensor], rate: float) -> None:
    """Nesterov momentum of 0.6, made orthogonal, onto filters that are brought to the norm sqrt(rows) first."""
    for weight, buffer in zip(filters, buffers, strict=True):
        buffer.mul_(0.6).add_(weight.grad)
        x = weight.grad.add(buffer, alpha=0.6).flatten(1)
        x = x / (x.norm() + 1e-7)
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        for _ in range(3):
            gram = x @ x.T
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        weight.mul_(len(weight) ** 0.5 / weight.norm())
        weight.add_((x.T if tall else x).reshape(weight.shape), alpha=-rate)


def views(images: Tensor) -> Iterator[tuple[float, Tensor]]:
    """The recipe's six views of images, with their shares: the image and two shifts of a pixel, each mirrored too."""
    wide = F.pad(images, (1, 1, 1, 1), mode="reflect")
    for share, view in ((0.25, images), (0.125, wide[:, :, :-2, :-2]), (0.125, wide[:, :, 2:, 2:])):
        yield share, view
        yield share, view.flip(3)


def recipe(data: Prepared, seed: int, epochs: int, size: int) -> tuple[float, dict[str, float]]:
    """Seconds, and validation accuracy in per cent by the views of an image."""
    torch.manual_seed(seed)
    device = pick_device("auto")
    bf16 = pick_precision("auto", device) == "bf16"
    pixels = scaling(data.mean, data.std, device, torch.channels_last)
    images, labels = data.train.images.to(device), data.train.labels.to(device)
    network = Network(pixels(images[:5000]).cpu()).to(device, memory_format=torch.channels_last)
    filters = [p for p in network.body.parameters() if p.ndim == 4]
    buffers = [torch.zeros_like(weight) for weight in filters]
    rates = {network.first.bias: BIAS_RATE, network.head.weight: HEAD_RATE}
    rates |= {p: BIAS_RATE for p in network.body.parameters() if p.ndim == 1 and p.requires_grad}
    groups = [{"params": [p], "lr": rate, "weight_decay": DECAY * size / rate} for p, rate in rates.items()]
    others = torch.optim.SGD(groups, momentum=0.85, nesterov=True)
    mirrored = torch.rand(len(images), device=device) < 0.5
    steps = len(images) // size
    began, step = time.perf_counter(), 0
    for epoch in range(epochs):
        network.first.bias.requires_grad_(epoch < BIAS_EPOCHS)
        for index in torch.randperm(len(images), device=device)[: steps * size].split(size):
            flips = (mirrored[index] ^ bool(epoch % 2)).view(-1, 1, 1, 1)  # each image the other way in each epoch
            x = pixels(torch.where(flips, images[index].flip(3), images[index]))
            cuts = F.pad(x, (2, 2, 2, 2), mode="reflect").unfold(2, 32, 1).unfold(3, 32, 1)
            down, right = torch.randint(0, 5, (2, size), device=device)
            x = cuts[torch.arange(size, device=device), :, down, right].contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = network(x)
            network.zero_grad()
            F.cross_entropy(logits.float(), labels[index], label_smoothing=0.2, reduction="sum").backward()
            left = 1 - step / (epochs * steps)
            for group in others.param_groups:
                first = group["params"][0] is network.first.bias
                group["lr"] = rates[group["params"][0]] * (1 - step / (BIAS_EPOCHS * steps) if first else left)
            others.step()
            muon_step(filters, buffers, FILTER_RATE * left)
            step += 1
    found = evaluated(network.eval(), pixels(data.val.images), data.val.labels.to(device))
    return time.perf_counter() - began, found


@torch.no_grad()
def evaluated(network: Network, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy of the image alone, with its mirror image, and by the six views, per cent."""
    parts = [torch.stack([share * network(view) for share, view in views(part)]) for part in images.split(500)]
    logits = torch.cat(parts, 1)  # (views, N, classes)
    kinds = {"none": logits[:1], "flip": logits[:2], "six views": logits}
    return {name: 100 * (kept.sum(0).argmax(1) == labels).float().mean().item() for name, kept in kinds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=int, help="training images; all, if not given")
    parser.add_argument("--batch-size", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args()
    from scale import TRAIN, cost  # imports the analysis, which benchmarks/gpu.py does without

    words = ["data=image_folder", f"data.root={given.root}"]
    words += [f"data.train_limit={given.limit}"] if given.limit else []
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        data = prepare(compose("config", words).data)
    keep_memory()
    settings = [f"trainer.batch_size={given.batch_size}", f"trainer.epochs={given.epochs}"]
    for seed in range(given.seeds):
        seconds, found = recipe(data, seed, given.epochs, given.batch_size)
        shown = ", ".join(f"{name} {accuracy:.2f} %" for name, accuracy in found.items())
        print(f"airbench94_muon, seed {seed}: {seconds:.1f} s, {shown}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            command = [*TRAIN, "experiment=speedrun", *words, *settings, f"seed={seed}", f"hydra.run.dir={folder}"]
            cost(command, Path(folder))
            run = json.loads((Path(folder) / "run.json").read_text())
        accuracy, taken = 100 * run["metrics"]["val_accuracy"], run["seconds"]["train"]
        print(
            f"experiment=speedrun, seed {seed}: {taken:.1f} s, {accuracy:.2f} %, {taken / seconds:.2f} times",
            flush=True,
        )


if __name__ == "__main__":
    main()
