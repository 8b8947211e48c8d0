"""Progress display of a running study: the view of `ablate watch` in a terminal, one line per run elsewhere."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from hydra.core.utils import JobReturn
from rich.live import Live

from ablate.runs import run_record, study_plan
from ablate.runs.metric import Metric
from ablate.study.launcher import Job, Results
from ablate.study.live_view import FolderView
from ablate.study.terminal_view import view
from ablate.study.time_estimate import time_left
from ablate.terminal.console import Terminal
from ablate.terminal.errors import InputError
from ablate.terminal.progress import LINE_SECONDS


def show_progress(
    jobs: Sequence[Job], results: Results, ended: Callable[[int, JobReturn], None] = lambda index, result: None
) -> list[JobReturn]:
    """Collect the results of a launcher, in the order of the jobs, and show the progress meanwhile.

    Args:
        jobs: those of the launch, to which a search may add.
        results: of the launcher.
        ended: called with the index and the result of each job as it ends.
    """
    folder = Path(jobs[0].config.hydra.sweep.dir)
    console = Terminal()
    read_view = FolderView(folder)
    metric = study_plan.read(folder).metric
    collected: dict[int, JobReturn] = {}
    estimated = time.monotonic()
    with (
        closing(results),  # so that an interrupt stops the jobs
        Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else nullcontext() as live,
    ):
        for result in results:
            if result is not None:
                index, collected[index] = result
                line = f"{len(collected)}/{len(jobs)}  {run_line(folder, jobs[index], metric)}"
                console.print(line, soft_wrap=not live)
                if not live and len(collected) < len(jobs) and time.monotonic() - estimated > LINE_SECONDS:
                    console.print(time_left(read_view().runs), soft_wrap=True)
                    estimated = time.monotonic()
                ended(index, collected[index])
            if live:
                live.update(view(read_view(), console.width, console.height - 1), refresh=True)
    return [collected[index] for index in range(len(jobs))]


def run_line(folder: Path, job: Job, metric: Metric) -> str:
    """Format a run and its status: `model=cnn/seed=0  completed, validation accuracy 71.2 %, 12.3 s`."""
    try:
        record = run_record.read(folder / job.folder)
    except InputError:
        return f"{job.folder}  no record"
    value, seconds = (record.metrics or {}).get(metric.name), record.total_seconds
    if not record.has_result or value is None or seconds is None:
        return f"{job.folder}  {record.status}"
    return f"{job.folder}  {record.status}, {metric.label} {metric.text(value)}, {seconds:.1f} s"
