"""The same training, less time: the loop of a notebook, and of PyTorch Lightning, against `ablate train`.

    python benchmarks/notebook_loop.py --root FOLDER_OF_IMAGES [--limit 10000] [--seeds 5] [--lightning] [WORD ...]

Each side is a process of its own, timed from its start to its end, one after another for each seed, so that a noisy
machine is noisy for all. Same network, batch size, epochs, optimiser, training and validation images, which all sides
find decoded: the notebook's are arrays that become PIL images one by one, as `torchvision.datasets.CIFAR10` has them.
WORDs are overrides of the `ablate` side. Lightning: `pip install -e ".[benchmark]" -c constraints.txt`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

NETWORKS = {"cnn": "assignment_cnn", "cnn_bn": "assignment_cnn_bn", "mlp": "assignment_mlp"}
BATCH, LR, MOMENTUM = 64, 0.01, 0.9
WORKERS = len(os.sched_getaffinity(0))  # of each DataLoader


def loaders(images: Path):
    """The notebook's DataLoaders of training and validation images: PIL, ToTensor, Normalize."""
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    from ablate.backend.torchvision import torchvision

    scale = torchvision.transforms.Normalize((0.5,) * 3, (0.5,) * 3)
    transform = torchvision.transforms.Compose([torchvision.transforms.ToTensor(), scale])

    class Pictures(Dataset):
        def __init__(self, part: str) -> None:
            self.images = np.load(images / f"{part}_images.npy")
            self.labels = np.load(images / f"{part}_labels.npy").tolist()

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, index: int):
            return transform(Image.fromarray(self.images[index])), self.labels[index]

    return (
        DataLoader(Pictures("train"), batch_size=BATCH, shuffle=True, num_workers=WORKERS),
        DataLoader(Pictures("val"), batch_size=BATCH, num_workers=WORKERS),
    )


def network(name: str, seed: int):
    """The assignment's network, from PyTorch's own generator."""
    import torch
    from torch import nn

    from ablate import normalization
    from ablate.model.cnn import CNN
    from ablate.model.mlp import MLP

    torch.manual_seed(seed)
    norm = normalization.batch() if name == "cnn_bn" else normalization.none()
    same = {"classes": 10, "channels": 3, "image_size": 32, "normalization": norm, "activation": nn.ReLU}
    return MLP(hidden=[128, 256, 512], **same) if name == "mlp" else CNN(**same)


def notebook(images: Path, name: str, seed: int, epochs: int) -> float:
    """The loop as the notebook has it, figures shown as it goes; the validation accuracy at its end."""
    import torch
    from torch import nn

    device = "cuda" if torch.cuda.is_available() else "cpu"
    train, val = loaders(images)
    model = network(name, seed).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    for epoch in range(epochs):
        model.train()
        running, correct, seen = 0.0, 0, 0
        for inputs, labels in train:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(labels)
            correct += (outputs.argmax(1) == labels).sum().item()
            seen += len(labels)
        print(f"epoch {epoch + 1}: loss {running / seen:.3f}, accuracy {correct / seen:.3f}", file=sys.stderr)
    model.eval()
    with torch.no_grad():
        right = sum((model(inputs.to(device)).argmax(1).cpu() == labels).sum().item() for inputs, labels in val)
    return right / len(val.dataset)


def lightning(images: Path, name: str, seed: int, epochs: int) -> float:
    """The same network and loaders in Lightning's Trainer, all that it does beside training turned off."""
    train, val = loaders(
        images
    )  # first: it imports torchvision by way of ablate.backend.torchvision, and Lightning directly
    import lightning
    import torch
    from torch import nn

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.right = network(name, seed), 0

        def training_step(self, batch, index):
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def validation_step(self, batch, index):
            self.right += (self.network(batch[0]).argmax(1) == batch[1]).sum().item()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=LR, momentum=MOMENTUM)

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
             "enable_model_summary": False, "num_sanity_val_steps": 0, "limit_val_batches": 0}  # fmt: skip
    module = Module()
    trainer = lightning.Trainer(max_epochs=epochs, accelerator="cpu", **quiet)
    trainer.fit(module, train)
    module.eval()
    with torch.no_grad():
        for index, batch in enumerate(val):
            module.validation_step(batch, index)
    return module.right / len(val.dataset)


def ablate(root: Path, limit: int | None, name: str, seed: int, epochs: int, words: list[str], folder: Path) -> float:
    """`ablate train` of the same; the validation accuracy of its record."""
    size = [f"data.train_limit={limit}"] if limit else []
    given = [f"experiment={NETWORKS[name]}", f"seed={seed}", f"trainer.epochs={epochs}", f"hydra.run.dir={folder}"]
    command = [sys.executable, "-m", "ablate.cli", "train", "data=image_folder", f"data.root={root}"]
    subprocess.run([*command, *size, *given, *words], check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "run.json").read_text())["metrics"]["val_accuracy"]


def other(side: str, images: Path, name: str, seed: int, epochs: int) -> float:
    """A side of this file in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--images", images, "--networks", name, "--epochs", epochs]
    command += ["--seed", seed]
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def write_images(root: Path, limit: int | None, folder: Path) -> None:
    """The images and the split that `ablate train` uses, as the notebook's arrays (N, H, W, C)."""
    from hydra import compose, initialize_config_dir

    from ablate.config import CONF, register
    from ablate.data.prepare import prepare

    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        size = [f"data.train_limit={limit}"] if limit else []
        data = prepare(compose("config", ["data=image_folder", f"data.root={root}", *size]).data)
    for part, images in {"train": data.train, "val": data.val}.items():
        np.save(folder / f"{part}_images.npy", images.images.permute(0, 2, 3, 1).contiguous().numpy())
        np.save(folder / f"{part}_labels.npy", images.labels.numpy())


def compare(given: argparse.Namespace, name: str, scratch: Path) -> None:
    """All sides of one network, a seed after another, and their table."""
    sides = {
        "ablate train": lambda seed: ablate(
            given.root, given.limit, name, seed, given.epochs, given.words, scratch / f"{name}{seed}"
        ),
        "notebook": lambda seed: other("notebook", scratch, name, seed, given.epochs),
    }
    if given.lightning:
        sides["lightning"] = lambda seed: other("lightning", scratch, name, seed, given.epochs)
    took: dict[str, list[float]] = {side: [] for side in sides}
    right: dict[str, list[float]] = {side: [] for side in sides}
    for seed in range(given.seeds):
        for side, train in sides.items():
            started = time.perf_counter()
            right[side].append(100 * train(seed))
            took[side].append(time.perf_counter() - started)
            print(f"  {name} seed {seed} {side}: {took[side][-1]:.1f} s, {right[side][-1]:.2f} %", flush=True)
    print(f"{name}: seconds (median), times as long as `ablate train` (median of the seeds), validation accuracy (%)")
    for side in sides:
        ratio = statistics.median(t / own for t, own in zip(took[side], took["ablate train"], strict=True))
        spread = statistics.stdev(right[side]) if given.seeds > 1 else float("nan")
        figures = f"{statistics.median(took[side]):>8.1f} {ratio:>6.2f} {statistics.fmean(right[side]):>7.2f}"
        print(f"  {side:<14} {figures} ± {spread:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=lambda text: Path(text).absolute(), help="train/ and test/, a folder a class")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["cnn", "cnn_bn"])
    parser.add_argument("--limit", type=int, help="training images; default: all but the validation images")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--lightning", action="store_true", help="PyTorch Lightning too")
    for hidden, kind in {"--side": str, "--images": Path, "--seed": int}.items():
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    given, given.words = parser.parse_known_args()
    if given.side:
        side = {"notebook": notebook, "lightning": lightning}[given.side]
        print(side(given.images, given.networks[0], given.seed, given.epochs))
        return
    with tempfile.TemporaryDirectory() as scratch:
        write_images(given.root, given.limit, Path(scratch))
        for name in given.networks:
            compare(given, name, Path(scratch))


if __name__ == "__main__":
    main()
