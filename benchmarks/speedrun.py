"""Compare `experiment=speedrun` with the recipe it is based on, airbench94_muon: training time and accuracy.

    python benchmarks/speedrun.py --root FOLDER_OF_IMAGES [--seeds 1] [--limit N] [--batch-size 2000] [--epochs 8]

The recipe (K. Jordan, cifar10-airbench, 94.0 % on CIFAR-10's test set) is reimplemented here without `torch.compile`.
It uses the same images, device and precision as `ablate train` (`trainer.device=auto`, `trainer.precision=auto`).
Times include training and validation; `ablate` validates after each epoch, the recipe only at the end.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
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
BIAS_RATE, HEAD_RATE, FILTER_RATE, DECAY = 0.053, 0.67, 0.24, 2e-6  # the weight decay is multiplied by the batch size
BIAS_EPOCHS = 3  # epochs in which the first layer's bias is trained


class Network(nn.Module):
    """The recipe's network: whitening layer, three stages of two convolutions, max pooling, linear layer.

    Its batch normalization has a bias but no scale. `images` (N, 3, H, W) are used to fit the whitening layer.
    """

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
        """A 3x3 convolution. Its first `inputs` filters are initialized to the identity."""
        layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        nn.init.dirac_(layer.weight.data[:inputs])
        return layer

    @staticmethod
    def norm(width: int) -> nn.BatchNorm2d:
        """Batch normalization without a scale."""
        layer = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
        layer.weight.requires_grad_(False)
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10) of scaled images (N, 3, 32, 32)."""
        x = self.body(self.first(x))
        return self.head(x) / x.shape[1]


@torch.no_grad()
def muon_step(filters: list[Tensor], buffers: list[Tensor], rate: float) -> None:
    """Take one Muon step on the convolutions, after scaling the weights of each to the norm sqrt(number of filters).

    Args:
        filters: Weights (outputs, inputs, height, width) with their gradients.
        buffers: Momentum buffers of the same shapes, updated in place.
        rate: Learning rate.
    """
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
    """The six views of test-time augmentation, with weights: the image and two one-pixel shifts, each also mirrored."""
    wide = F.pad(images, (1, 1, 1, 1), mode="reflect")
    for weight, view in ((0.25, images), (0.125, wide[:, :, :-2, :-2]), (0.125, wide[:, :, 2:, 2:])):
        yield weight, view
        yield weight, view.flip(3)


def optimizer(network: Network, size: int) -> torch.optim.SGD:
    """Build the SGD optimizer of all parameters but the filters, one group per parameter.

    Args:
        network: The network.
        size: Batch size, which scales the weight decay.
    """
    rates = {network.first.bias: BIAS_RATE, network.head.weight: HEAD_RATE}
    rates |= {p: BIAS_RATE for p in network.body.parameters() if p.ndim == 1 and p.requires_grad}
    groups = [
        {"params": [p], "lr": rate, "initial_lr": rate, "weight_decay": DECAY * size / rate}
        for p, rate in rates.items()
    ]
    return torch.optim.SGD(groups, momentum=0.85, nesterov=True)


def augment(images: Tensor, pixels: Callable[[Tensor], Tensor], flips: Tensor) -> Tensor:
    """Mirror the images that `flips` (N,) selects, scale them, and shift them by up to two pixels."""
    size, device = len(images), images.device
    x = pixels(torch.where(flips.view(-1, 1, 1, 1), images.flip(3), images))
    crops = F.pad(x, (2, 2, 2, 2), mode="reflect").unfold(2, 32, 1).unfold(3, 32, 1)
    down, right = torch.randint(0, 5, (2, size), device=device)
    return crops[torch.arange(size, device=device), :, down, right].contiguous(memory_format=torch.channels_last)


def train_recipe(data: Prepared, seed: int, epochs: int, size: int) -> tuple[float, dict[str, float]]:
    """Train and validate the recipe's network.

    Args:
        data: Training and validation images.
        seed: Seed of PyTorch's global generator.
        epochs: Number of epochs.
        size: Batch size.

    Returns:
        The seconds, and the validation accuracies (%) of `accuracies`.
    """
    torch.manual_seed(seed)
    device = pick_device("auto")
    bf16 = pick_precision("auto", device) == "bf16"
    pixels = scaling(data.mean, data.std, device, torch.channels_last)
    images, labels = data.train.images.to(device), data.train.labels.to(device)
    network = Network(pixels(images[:5000]).cpu()).to(device, memory_format=torch.channels_last)
    filters = [p for p in network.body.parameters() if p.ndim == 4]
    buffers = [torch.zeros_like(weight) for weight in filters]
    sgd = optimizer(network, size)
    mirrored = torch.rand(len(images), device=device) < 0.5
    steps = len(images) // size
    start, step = time.perf_counter(), 0
    for epoch in range(epochs):
        network.first.bias.requires_grad_(epoch < BIAS_EPOCHS)
        for index in torch.randperm(len(images), device=device)[: steps * size].split(size):
            # Each image is mirrored in every other epoch.
            x = augment(images[index], pixels, mirrored[index] ^ bool(epoch % 2))
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = network(x)
            network.zero_grad()
            F.cross_entropy(logits.float(), labels[index], label_smoothing=0.2, reduction="sum").backward()
            remaining = 1 - step / (epochs * steps)
            for group in sgd.param_groups:
                is_first_bias = group["params"][0] is network.first.bias
                decay = 1 - step / (BIAS_EPOCHS * steps) if is_first_bias else remaining
                group["lr"] = group["initial_lr"] * decay
            sgd.step()
            muon_step(filters, buffers, FILTER_RATE * remaining)
            step += 1
    accuracy = accuracies(network.eval(), pixels(data.val.images), data.val.labels.to(device))
    return time.perf_counter() - start, accuracy


@torch.no_grad()
def accuracies(network: Network, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy (%) without test-time augmentation, with a mirrored view, and with all six views."""
    parts = [torch.stack([weight * network(view) for weight, view in views(part)]) for part in images.split(500)]
    logits = torch.cat(parts, 1)  # (views, N, classes)
    used = {"none": logits[:1], "flip": logits[:2], "six views": logits}
    return {name: 100 * (part.sum(0).argmax(1) == labels).float().mean().item() for name, part in used.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=int, help="number of training images (default: all)")
    parser.add_argument("--batch-size", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    from scale import TRAIN, cost  # imports the analysis, which benchmarks/gpu.py does without

    images = ["data=image_folder", f"data.root={args.root}"]
    if args.limit:
        images.append(f"data.train_limit={args.limit}")
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        data = prepare(compose("config", images).data)
    keep_memory()
    settings = [f"trainer.batch_size={args.batch_size}", f"trainer.epochs={args.epochs}"]
    for seed in range(args.seeds):
        seconds, by_views = train_recipe(data, seed, args.epochs, args.batch_size)
        listed = ", ".join(f"{name} {accuracy:.2f} %" for name, accuracy in by_views.items())
        print(f"airbench94_muon, seed {seed}: {seconds:.1f} s, {listed}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            command = [*TRAIN, "experiment=speedrun", *images, *settings, f"seed={seed}", f"hydra.run.dir={folder}"]
            cost(command, Path(folder))
            run = json.loads((Path(folder) / "run.json").read_text())
        accuracy, ablate_seconds = 100 * run["metrics"]["val_accuracy"], run["seconds"]["train"]
        ratio = ablate_seconds / seconds
        print(f"experiment=speedrun, seed {seed}: {ablate_seconds:.1f} s ({ratio:.2f} x), {accuracy:.2f} %", flush=True)


if __name__ == "__main__":
    main()
