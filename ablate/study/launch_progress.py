"""Progress of a study: the view of `ablate watch` in a terminal, one line per run elsewhere."""

from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from hydra.core.utils import JobReturn
from rich.live import Live

from ablate.runs import run_record
from ablate.study.launcher import Ends, Job
from ablate.study.snapshot import FolderView
from ablate.study.terminal_view import view
from ablate.terminal.errors import InputError
from ablate.terminal.progress import Terminal


def follow(jobs: Sequence[Job], ends: Ends) -> list[JobReturn]:
    """The jobs' returns in their order, from `ends`, which yields (position, return) as each ends, and None between."""
    folder = Path(jobs[0].config.hydra.sweep.dir)
    console = Terminal()
    look = FolderView(folder)
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
                live.update(view(look(), console.width, console.height - 1), refresh=True)
    return [returns[position] for position in range(len(jobs))]


def became(folder: Path, job: Job) -> str:
    """A run and its status: `model=cnn/seed=0  completed, validation accuracy 71.2 %, 12.3 s`."""
    try:
        record = run_record.read(folder / job.folder)
    except InputError:
        return f"{job.folder}  no record"
    accuracy, seconds = record.val_accuracy, record.total_seconds
    if not record.has_result or accuracy is None or seconds is None:
        return f"{job.folder}  {record.status}"
    return f"{job.folder}  {record.status}, validation accuracy {100 * accuracy:.1f} %, {seconds:.1f} s"
