"""`hydra/launcher=local`: the runs of a study side by side on this machine, in processes that share the images."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from ablate.backend.cores import cpu_cores
from ablate.data.prepare import prepare
from ablate.runs import provenance
from ablate.study.launcher import Ends, Job, failed, workers

REFRESH = 1.0  # seconds


def launch(jobs: Sequence[Job], jobs_at_once: int | None, jobs_per_gpu: int) -> Ends:
    """Yield (position, return) of each job as it ends, and None now and then.

    On CPUs a worker a core, or `jobs_at_once`; where the study trains on GPUs, `jobs_per_gpu` workers a card.
    """
    config = jobs[0].config
    cards = gpus() if config.trainer.device in ("auto", "cuda") else []
    cores = cpu_cores()
    pinned = slots(cards, jobs_per_gpu, jobs_at_once or cores)[: jobs_at_once or None]
    threads = max(1, cores // len(pinned))
    _load(jobs[0])
    output = Path(config.hydra.sweep.dir) / ".workers.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    starts = [partial(begin, card, threads, output) for card in pinned]
    for ended in workers.each(len(jobs), lambda number: jobs[number](), starts, REFRESH):
        if ended is None:
            yield None
        else:
            number, returned = ended
            yield number, failed(returned) if isinstance(returned, workers.Died) else returned


def gpus() -> list[str]:
    """The cards this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()  # asks the driver's library and starts no CUDA, which would not survive a fork
    return named.split(",")[:count] if named else [str(card) for card in range(count)]


def slots(cards: Sequence[str], jobs_per_gpu: int, cores: int) -> list[str | None]:
    """A card for each worker, card by card so that few jobs are spread; None for each where there is no card."""
    return [card for _ in range(jobs_per_gpu) for card in cards] or [None] * cores


def begin(card: str | None, threads: int, output: Path) -> None:
    """What a worker does first: its card, its threads, and the place of what it prints."""
    if card is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = card
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _load(job: Job) -> None:
    """Have here what all workers then share: modules, images, and what a record says of the code."""
    from ablate.training.parts import build

    provenance.patch(), provenance.code_sha256()
    torch.set_num_threads(1)  # threads of this process would not survive a fork
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # nor would CUDA, which else starts when asked for
    composed = job.context.config_loader.load_sweep_config(job.config, list(job.overrides))
    try:
        build(composed, prepare(composed.data), torch.device("cpu"), "fp32")
    except (Exception, SystemExit):  # the run itself meets the same error, and says so in its own record
        return
