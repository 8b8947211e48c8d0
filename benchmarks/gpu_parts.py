"""The parts of `gpu.py`: each prints rows as JSON, one per line, as soon as they are measured.

`python benchmarks/gpu_parts.py PART SETTINGS` is what gpu.py starts. SETTINGS, as JSON: `root` and `few`, the images
and a small copy of them; `scratch`, a folder to work in; `small`, for a run that only shows that all parts work.
"""

import hashlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console

from ablate.augmentation import Augmentation
from ablate.augmentation.geometry import Crop, Flip
from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.data.prepare import prepare
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import set_up

ROOT = Path(__file__).resolve().parents[1]
ABLATE = [sys.executable, "-m", "ablate.cli"]
CUDA = torch.cuda.is_available()
CORES = len(os.sched_getaffinity(0))


class Settings:
    """What `gpu.py` asks for."""

    def __init__(self, text: str) -> None:
        given = json.loads(text)
        self.small: bool = given["small"]
        self.root, self.few, self.scratch = (Path(given[name]) for name in ("root", "few", "scratch"))

    def words(self, root: Path | None = None) -> list[str]:
        """Overrides that choose the images."""
        return ["data=image_folder", f"data.root={root or self.root}"]

    def of(self, small: Any, full: Any) -> Any:
        """The value for this size."""
        return small if self.small else full


def row(what: str, value: str, goal: str = "", reached: bool | None = None, failed: bool = False) -> None:
    """Print a row; gpu.py reads it."""
    facts = {"what": what, "value": value, "goal": goal, "reached": reached, "failed": failed}
    print(json.dumps(facts), flush=True)


def tried(what: str, work: Callable[[], object]) -> None:
    """Do the work; if it raises, print a row with the reason."""
    try:
        work()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}", file=sys.stderr)
        row(what, f"failed: {type(error).__name__}: {str(error).strip()[:200]}", failed=True)


def synchronized() -> float:
    """The time, once the GPU has done all that it was given."""
    if CUDA:
        torch.cuda.synchronize()
    return time.perf_counter()


def train(folder: Path, *words: str) -> dict[str, Any]:
    """The record of `ablate train`, a process of its own."""
    ended = subprocess.run([*ABLATE, "train", *words, f"hydra.run.dir={folder}"], capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else str(ended.returncode))
    return json.loads((folder / "run.json").read_text())


def timed(work: Callable[..., Any], *given: Any) -> tuple[float, Any]:
    """Seconds, and what the work returned."""
    began = time.perf_counter()
    result = work(*given)
    return time.perf_counter() - began, result


def digest(folder: Path) -> str:
    """SHA-256 of a run's weights."""
    return hashlib.sha256((folder / "model.pt").read_bytes()).hexdigest()


def machine(settings: Settings) -> None:
    """Facts for the head of the table: card, versions, processor."""
    card, driver = "none", "none"
    if CUDA:
        torch.zeros(1, device="cuda")
        card = f"{torch.cuda.get_device_name()}, {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB"
        try:
            query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
            driver = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout.split()[0]
        except (OSError, IndexError, subprocess.TimeoutExpired):
            driver = "unknown"
    facts = {"card": card, "PyTorch": torch.__version__, "CUDA": torch.version.cuda, "driver": driver,
             "Python": platform.python_version(), "cores": CORES}  # fmt: skip
    print(json.dumps(facts), flush=True)


def images(settings: Settings) -> None:
    """Decode the images into the cache that all parts read."""
    seconds, data = timed(prepare, configured(settings.words()).data)
    row("decode", f"{seconds:.1f} s, {data.source:,} training images on {CORES} cores")


def configured(words: list[str]) -> DictConfig:
    """The configuration of these overrides."""
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", words)


def fitted(words: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of the epochs of a run in this process, and its validation accuracy in per cent."""
    config = configured(words)
    folder.mkdir(parents=True)
    parts, data, device, _ = set_up(config)
    reporter = loop.Reporter([], Console(quiet=True), config.trainer.epochs)
    selected, rows, _ = loop.fit(parts, resident(data, device), config, reporter, Checkpoint(folder, {}))
    return sum(each["seconds"] for each in rows), 100 * selected.row["val_accuracy"]


def speedrun(settings: Settings) -> None:
    """`experiment=speedrun` and the recipe that it follows, alternating, five seeds, each after a warm-up."""
    from speedrun import train_recipe

    epochs, size, seeds = settings.of((1, 50, 2), (8, 2000, 5))
    sizes = [f"trainer.batch_size={size}", f"trainer.epochs={epochs}"]
    words = [*settings.words(), "experiment=speedrun", *sizes]
    data = prepare(configured(words).data)
    train_recipe(data, 99, 1, size)
    fitted([*words, "seed=99", "trainer.epochs=1"], settings.scratch / "speedrun/warm")
    own, other = [], []
    for seed in range(seeds):
        seconds, accuracies = train_recipe(data, seed, epochs, size)
        other.append((seconds, accuracies["six views"]))
        own.append(fitted([*words, f"seed={seed}"], settings.scratch / f"speedrun/{seed}"))
    (taken, right), (theirs, rival) = (tuple(zip(*runs, strict=True)) for runs in (own, other))
    row("airbench94_muon's recipe, not compiled", _medians(theirs, rival), "published: 2.59 s and 94.0 % on an A100")
    row("experiment=speedrun", _medians(taken, right))
    ratio = statistics.median(own / other for own, other in zip(taken, theirs, strict=True))
    row("times as long as the recipe", f"{ratio:.2f}", "at most 1.1", ratio <= 1.1)
    difference = statistics.fmean(right) - statistics.fmean(rival)
    row("accuracy minus that of the recipe", f"{difference:+.2f} points", "at least -0.2", difference >= -0.2)


def _medians(seconds: tuple[float, ...], right: tuple[float, ...]) -> str:
    return f"{statistics.median(seconds):.2f} s, {statistics.fmean(right):.2f} ± {statistics.stdev(right):.2f} %"


def notebook(settings: Settings) -> None:
    """The assignment's CNN by `ablate train` and in a notebook's loop, alternating, from start to end."""
    from notebook_loop import run_in_process, write_images

    epochs, seeds = settings.of((1, 1), (5, 2))
    arrays = settings.scratch / "arrays"
    arrays.mkdir()
    write_images(settings.root, None, arrays)
    words = [*settings.words(), "experiment=assignment_cnn", f"trainer.epochs={epochs}"]
    ratios, trainings = [], []
    for seed in range(seeds):
        folder = settings.scratch / f"notebook{seed}"
        own, record = timed(train, folder, *words, f"seed={seed}")
        theirs, accuracy = timed(run_in_process, "notebook", arrays, "cnn", seed, epochs)
        ratios.append(theirs / own)
        trainings.append(record["seconds"]["train"])
        figures = f"{own:.1f} s, {100 * record['metrics']['val_accuracy']:.2f} %; notebook {theirs:.1f} s"
        row(f"seed {seed}, {epochs} epochs, start to end", f"{figures}, {100 * accuracy:.2f} %")
    row("of which training and validation", f"{statistics.median(trainings):.1f} s (median)")
    ratio = statistics.median(ratios)
    row("notebook's loop, times as long", f"{ratio:.2f}", "at least 15", ratio >= 15)


def packing(settings: Settings) -> None:
    """16 small runs side by side on the card, and one after another; without a card on the cores."""
    runs, limit, epochs = settings.of((4, 128, 1), (16, 10_000, 5))
    words = [*settings.words(), "model=cnn", "normalization=batch", f"data.train_limit={limit}"]
    words += [f"trainer.epochs={epochs}", f"seed=range({runs})"]
    at_once = "jobs_per_gpu" if CUDA else "jobs_at_once"
    taken, accuracies = {}, {}
    for jobs in (runs if CUDA else CORES, 1):
        folder = settings.scratch / f"packing{jobs}"
        folder.mkdir()
        command = [*ABLATE, "train", "-m", "study.name=s", *words, f"hydra.launcher.{at_once}={jobs}"]
        began = time.perf_counter()
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        taken[jobs] = time.perf_counter() - began
        records = [json.loads(path.read_text()) for path in sorted(folder.rglob("run.json"))]
        done = sum(record["status"] == "completed" for record in records)
        if ended.returncode or done < runs:
            causes = [str(record.get("error")) for record in records if record.get("error")] or [ended.stderr.strip()]
            raise RuntimeError(f"{done} of {runs} runs completed with {at_once}={jobs}: {causes[0][-300:]}")
        accuracies[jobs] = [record["metrics"]["val_accuracy"] for record in records]
        where = {record["environment"]["device"] for record in records}
        row(f"{runs} runs, {at_once}={jobs}", f"{taken[jobs]:.1f} s on {', '.join(sorted(where))}")
    packed, alone = taken.values()
    row("one after another, times as long", f"{alone / packed:.2f}", "at least 6", alone / packed >= 6)
    same = sum(one == other for one, other in zip(*accuracies.values(), strict=True))
    row("same validation accuracy both ways", f"{same} of {runs} runs")


def determinism(settings: Settings) -> None:
    """`trainer.deterministic=true`: the same bits twice and after a kill, and what it costs."""
    epochs, limit = settings.of((6, 200), (4, 20_000))
    words = [*settings.words(), "experiment=assignment_cnn_bn", f"trainer.epochs={epochs}", f"data.train_limit={limit}"]
    deterministic = [*words, "trainer.deterministic=true"]
    seconds: dict[str, list[float]] = {"false": [], "true": []}
    bits: dict[str, list[str]] = {"false": [], "true": []}
    for turn in range(2):
        for value, taken in seconds.items():
            folder = settings.scratch / f"deterministic_{value}{turn}"
            record = train(folder, *words, f"trainer.deterministic={value}")
            taken.append(record["seconds"]["train"])
            bits[value].append(digest(folder))
    same = {value: len(set(digests)) == 1 for value, digests in bits.items()}
    row("deterministic=true, two runs, the same bits", "yes" if same["true"] else "no", "yes", same["true"])
    row("deterministic=false, two runs, the same bits", "yes" if same["false"] else "no")
    cost = statistics.mean(seconds["true"]) / statistics.mean(seconds["false"])
    row("time with true, times that with false", f"{cost:.2f}")
    folder = settings.scratch / "killed"
    done = killed_after_an_epoch(folder, deterministic, epochs)
    record = train(folder, *deterministic)
    resumed = digest(folder) == bits["true"][0]
    what = f"killed after epoch {done} of {epochs}, resumed: the same bits"
    row(what, "yes" if resumed else "no", "yes", resumed)


def killed_after_an_epoch(folder: Path, words: list[str], epochs: int) -> int:
    """Start a run and kill it once it has a checkpoint; the epochs that it had completed."""
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


class Steps:
    """Training steps of a configuration: the package's own, and bare ones on a batch that is ready on the device."""

    def __init__(self, words: list[str]) -> None:
        self.config = configured(words)
        self.parts, self.prepared, device, _ = set_up(self.config)
        self.data, self.size = resident(self.prepared, device), self.config.trainer.batch_size

    def own(self, augment: Augmentation | None = None) -> float:
        """Images per second of an epoch of the package, with its augmentation or another."""
        parts = replace(self.parts, augment=augment) if augment else self.parts
        began = synchronized()
        *_, seen, _ = loop.train_epoch(parts, self.data, self.config.trainer, 1, 0, Console(quiet=True))
        return seen / (synchronized() - began)

    def bare(self, steps: int, forward: Callable[[torch.Tensor], torch.Tensor] | None = None) -> float:
        """Images per second of forward, loss, backward and optimizer step, `steps` times on one batch."""
        parts = self.parts
        inputs, targets = parts.pixels(self.data.images[: self.size]), self.data.targets[: self.size]
        parts.model.train()
        began = synchronized()
        for _ in range(steps):
            torch.compiler.cudagraph_mark_step_begin()
            with parts.precision():
                logits = (forward or parts.model)(inputs)
            loss = parts.criterion(logits.float(), targets)
            parts.optimizer.zero_grad()
            loss.backward()
            parts.optimizer.step()
        return len(inputs) * steps / (synchronized() - began)


def resnet50(settings: Settings) -> None:
    """torchvision's ResNet-50 in bf16: images per second of the package's steps and of bare ones, alternating."""
    pixels, size, rounds, steps = settings.of((32, 16, 1, 2), (224, 256, 3, 20))
    words = [*settings.words(settings.few), "model=torchvision", "model.name=resnet50", "normalization=batch"]
    words += [f"data.image_size={pixels}", f"trainer.batch_size={size}", "trainer.precision=bf16"]
    if settings.small:
        words.append("data.train_limit=32")
    flip_crop = Augmentation({"flip": Flip(0.5), "crop": Crop(4, "constant")})
    model = Steps(words)
    model.own(), model.own(flip_crop), model.bare(2)
    rates = [(model.own(), model.own(flip_crop), model.bare(steps)) for _ in range(rounds)]
    own, augmented, bare = (statistics.median(each) for each in zip(*rates, strict=True))
    row(f"bare steps at {pixels} px, batches of {size}", f"{bare:,.0f} images/s")
    for what, rate in {"the package's steps": own, "the same with flip_crop": augmented}.items():
        row(what, f"{rate:,.0f} images/s, {rate / bare:.2f} of bare", "at least 0.9", rate / bare >= 0.9)
    if CUDA:
        row("memory on the card at its peak", f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def compiling(settings: Settings) -> None:
    """`trainer.compile` off and on; CUDA graphs, which the package has no option for, with bare steps."""
    size, steps = settings.of((50, 2), (500, 100))
    network = settings.of("model=mlp", "experiment=speedrun")
    words = [*settings.words(), network, f"trainer.batch_size={size}"]
    words += ["data.train_limit=100"] if settings.small else [f"data.train_limit={40 * size}"]
    plain = Steps(words)
    plain.own()
    off = statistics.median(plain.own() for _ in range(3))
    row(f"{network}, trainer.compile=false", f"{off:,.0f} images/s, batches of {size}")
    plain.bare(2)
    bare = plain.bare(steps)
    row("bare steps", f"{bare:,.0f} images/s")
    if CUDA:
        torch.backends.cudnn.benchmark = True
        plain.bare(5)
        row("bare steps, cudnn.benchmark", f"{plain.bare(steps):,.0f} images/s")
        torch.backends.cudnn.benchmark = False
    tried("trainer.compile=true", lambda: _compiled(words, network, off))
    what = "bare steps, CUDA graphs (mode=reduce-overhead)"
    tried(what, lambda: _graphs(plain, what, bare, steps))


def _compiled(words: list[str], network: str, off: float) -> None:
    steps = Steps([*words, "trainer.compile=true"])
    first, _ = timed(steps.own)
    on = statistics.median(steps.own() for _ in range(3))
    value = f"{on:,.0f} images/s, {on / off:.2f} times as many; {first:.0f} s for the first epoch"
    row(f"{network}, trainer.compile=true", value)


def _graphs(plain: Steps, what: str, bare: float, steps: int) -> None:
    forward = torch.compile(plain.parts.model, mode="reduce-overhead", dynamic=False)
    first, _ = timed(plain.bare, 5, forward)
    rate = plain.bare(steps, forward)
    row(what, f"{rate:,.0f} images/s, {rate / bare:.2f} times as many; {first:.0f} s for the first 5 steps")


def tests(settings: Settings) -> None:
    """The tests that need CUDA; without it they are skipped."""
    command = [sys.executable, "-m", "pytest", "-m", "cuda", "-q", "-p", "no:cacheprovider", "--tb=short"]
    command += ["-o", "addopts=--import-mode=importlib", "tests/training/test_cuda.py"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(ended.stdout, ended.stderr, file=sys.stderr)
    lines = ended.stdout.strip().splitlines() or [ended.stderr.strip() or "no output"]
    for text in lines:
        if text.startswith(("FAILED", "ERROR")):
            row(text.split("::")[-1][:200], "failed", failed=True)
    good = ended.returncode == 0 and ("passed" in lines[-1] or not CUDA)
    row("pytest -m cuda", lines[-1], "all pass", good if CUDA else None, failed=not good)


PARTS = {
    "machine": machine,
    "images": images,
    "tests": tests,
    "speedrun": speedrun,
    "determinism": determinism,
    "packing": packing,
    "notebook": notebook,
    "resnet50": resnet50,
    "compile": compiling,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](Settings(sys.argv[2]))
