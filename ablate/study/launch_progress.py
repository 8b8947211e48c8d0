"""What a person sees while jobs run: the view of `ablate watch` in a terminal, a line a run elsewhere."""

from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from hydra.core.utils import JobReturn
from rich.live import Live

from ablate.runs import record
from ablate.study.launcher import Ends, Job
from ablate.study.snapshot import Look
from ablate.study.terminal_view import view
from ablate.terminal.progress import Terminal


def follow(jobs: Sequence[Job], ends: Ends) -> list[JobReturn]:
    """The jobs' returns in their order, from `ends`, which yields (position, return) as each ends, and None between."""
    folder = Path(jobs[0].config.hydra.sweep.dir)
    console = Terminal()
    look = Look(folder)
    returns: dict[int, JobReturn] = {}
    with (
        closing(ends),  # an interrupt here must end what runs there
        Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else nullcontext() as live,
    ):
        for ended in ends:
            if ended is not None:
                returns[ended[0]] = ended[1]
                line = f"{len(returns)}/{len(jobs)}  {became(folder, jobs[ended[0]])}"
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            if live:
                live.update(view(*look(), console.width, console.height - 1), refresh=True)
    return [returns[position] for position in range(len(jobs))]


def became(folder: Path, job: Job) -> str:
    """A run and what it is now: `model=cnn/seed=0  completed, validation accuracy 71.2 %, 12.3 s`."""
    try:
        run = record.read_run(folder / job.folder)
    except record.InputError:
        return f"{job.folder}  no record"
    if run["status"] not in record.OUTCOMES:
        return f"{job.folder}  {run['status']}"
    accuracy, seconds = run["metrics"]["val_accuracy"], run["seconds"]["total"]
    return f"{job.folder}  {run['status']}, validation accuracy {100 * accuracy:.1f} %, {seconds:.1f} s"
