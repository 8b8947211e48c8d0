"""Compare the wall time of the same training in `ablate train`, a notebook's loop and PyTorch Lightning.

    python benchmarks/notebook_loop.py --root FOLDER_OF_IMAGES [--limit 10000] [--seeds 5] [--lightning] [OVERRIDE ...]

Each program runs in its own process, timed from start to exit. The programs alternate for each seed, so that noise on
the machine affects all of them. Network, batch size, epochs, optimizer, training and validation images are the same.
The images are already decoded: the notebook holds arrays and converts each image to PIL, as
`torchvision.datasets.CIFAR10` does. OVERRIDEs apply to `ablate train` only. To install Lightning:
`pip install -e ".[benchmark]" -c constraints.txt`.
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
    """Build the notebook's DataLoaders for training and validation: PIL, ToTensor, Normalize."""
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    from ablate.backend.torchvision import torchvision

    scale = torchvision.transforms.Normalize((0.5,) * 3, (0.5,) * 3)
    transform = torchvision.transforms.Compose([torchvision.transforms.ToTensor(), scale])

    class ImageArrays(Dataset):
        def __init__(self, part: str) -> None:
            self.images = np.load(images / f"{part}_images.npy")
            self.labels = np.load(images / f"{part}_labels.npy").tolist()

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, index: int):
            return transform(Image.fromarray(self.images[index])), self.labels[index]

    return (
        DataLoader(ImageArrays("train"), batch_size=BATCH, shuffle=True, num_workers=WORKERS),
        DataLoader(ImageArrays("val"), batch_size=BATCH, num_workers=WORKERS),
    )


def network(name: str, seed: int):
    """Build the assignment's network, initialized with PyTorch's global generator."""
    import torch
    from torch import nn

    from ablate import normalization
    from ablate.model.cnn import CNN
    from ablate.model.mlp import MLP

    torch.manual_seed(seed)
    norm = normalization.batch() if name == "cnn_bn" else normalization.none()
    shared = {"classes": 10, "channels": 3, "image_size": 32, "normalization": norm, "activation": nn.ReLU}
    return MLP(hidden=[128, 256, 512], **shared) if name == "mlp" else CNN(**shared)


def notebook(images: Path, name: str, seed: int, epochs: int) -> float:
    """Train with the notebook's loop, which prints loss and accuracy per epoch; returns the validation accuracy."""
    import torch
    from torch import nn

    device = "cuda" if torch.cuda.is_available() else "cpu"
    train, val = loaders(images)
    model = network(name, seed).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    began = time.perf_counter()
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
        figures = f"loss {running / seen:.3f}, accuracy {correct / seen:.3f}, {time.perf_counter() - began:.1f} s"
        print(f"epoch {epoch + 1}: {figures}", file=sys.stderr, flush=True)
    model.eval()
    with torch.no_grad():
        correct = sum((model(inputs.to(device)).argmax(1).cpu() == labels).sum().item() for inputs, labels in val)
    return correct / len(val.dataset)


def lightning(images: Path, name: str, seed: int, epochs: int) -> float:
    """Train with Lightning's Trainer, without its logging, checkpoints and progress bar; returns the accuracy."""
    # Before Lightning, which imports torchvision itself: `loaders` imports it through ablate.backend.torchvision.
    train, val = loaders(images)
    import lightning
    import torch
    from torch import nn

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.correct = network(name, seed), 0

        def training_step(self, batch, index):
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def validation_step(self, batch, index):
            self.correct += (self.network(batch[0]).argmax(1) == batch[1]).sum().item()

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
    return module.correct / len(val.dataset)


def ablate(
    root: Path, limit: int | None, name: str, seed: int, epochs: int, overrides: list[str], folder: Path
) -> float:
    """Train with `ablate train`; returns the validation accuracy in run.json."""
    size = [f"data.train_limit={limit}"] if limit else []
    run = [f"experiment={NETWORKS[name]}", f"seed={seed}", f"trainer.epochs={epochs}", f"hydra.run.dir={folder}"]
    command = [sys.executable, "-m", "ablate.cli", "train", "data=image_folder", f"data.root={root}"]
    subprocess.run([*command, *size, *run, *overrides], check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "run.json").read_text())["metrics"]["val_accuracy"]


def run_in_process(program: str, images: Path, name: str, seed: int, epochs: int) -> float:
    """Run `notebook` or `lightning` in a new process; returns the validation accuracy."""
    command = [
        sys.executable,
        __file__,
        "--program",
        program,
        "--images",
        images,
        "--networks",
        name,
        "--epochs",
        epochs,
    ]
    command += ["--seed", seed]
    process = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True)
    return float(process.stdout.split()[-1])


def write_images(root: Path, limit: int | None, folder: Path) -> None:
    """Save the images and the split that `ablate train` uses as arrays (N, H, W, C) for the notebook."""
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


def compare(args: argparse.Namespace, name: str, scratch: Path) -> None:
    """Train one network with each program and seed, and print a table."""
    programs = {
        "ablate train": lambda seed: ablate(
            args.root, args.limit, name, seed, args.epochs, args.overrides, scratch / f"{name}{seed}"
        ),
        "notebook": lambda seed: run_in_process("notebook", scratch, name, seed, args.epochs),
    }
    if args.lightning:
        programs["lightning"] = lambda seed: run_in_process("lightning", scratch, name, seed, args.epochs)
    seconds: dict[str, list[float]] = {program: [] for program in programs}
    accuracy: dict[str, list[float]] = {program: [] for program in programs}
    for seed in range(args.seeds):
        for program, train in programs.items():
            start = time.perf_counter()
            accuracy[program].append(100 * train(seed))
            seconds[program].append(time.perf_counter() - start)
            print(
                f"  {name} seed {seed} {program}: {seconds[program][-1]:.1f} s, {accuracy[program][-1]:.2f} %",
                flush=True,
            )
    print(f"{name}: median seconds, median ratio to `ablate train`, validation accuracy (%, mean ± SD)")
    for program in programs:
        ratio = statistics.median(t / base for t, base in zip(seconds[program], seconds["ablate train"], strict=True))
        sd = statistics.stdev(accuracy[program]) if args.seeds > 1 else float("nan")
        columns = (
            f"{statistics.median(seconds[program]):>8.1f} {ratio:>6.2f} {statistics.fmean(accuracy[program]):>7.2f}"
        )
        print(f"  {program:<14} {columns} ± {sd:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root",
        type=lambda text: Path(text).absolute(),
        help="folder with train/ and test/, each with one folder per class",
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["cnn", "cnn_bn"])
    parser.add_argument("--limit", type=int, help="number of training images (default: all)")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--lightning", action="store_true", help="also time PyTorch Lightning")
    for hidden, kind in {"--program": str, "--images": Path, "--seed": int}.items():
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    args, args.overrides = parser.parse_known_args()
    if args.program:
        program = {"notebook": notebook, "lightning": lightning}[args.program]
        print(program(args.images, args.networks[0], args.seed, args.epochs))
        return
    with tempfile.TemporaryDirectory() as scratch:
        write_images(args.root, args.limit, Path(scratch))
        for name in args.networks:
            compare(args, name, Path(scratch))


if __name__ == "__main__":
    main()
