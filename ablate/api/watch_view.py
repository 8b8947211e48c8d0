"""`ablate watch` as a function; in a notebook, the output of the cell is updated."""

import io
import time
from dataclasses import dataclass, field

from ablate.api.paths import PathLike, run_folder, study_folder
from ablate.api.run import Run
from ablate.api.study import Study
from ablate.study.live_view import FolderView, StudyView
from ablate.study.terminal_view import view
from ablate.study.watch import DEFAULT_HEIGHT, DEFAULT_WIDTH, all_ended
from ablate.study.watch import watch as watch_in_terminal
from ablate.terminal.console import Console
from ablate.terminal.errors import InputError

PRE = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.2">{code}</pre>'


def watch(study: PathLike | Study | Run, every: float = 1.0, once: bool = False) -> Study | Run:
    """Monitor a study or run that is training in another process: learning curves, time left, failures.

    In a notebook or a terminal, the view is updated until the last run has ended; interrupt the cell or press q to
    stop. Elsewhere the current state is printed once.

    Args:
        study: folder of a study or run, or the name of a study in `outputs/`.
        every: seconds between two updates, 0.1 to 3600.
        once: print the current state and return.

    Returns:
        The study or run.

    Raises:
        InputError: the study does not exist.
    """
    if not 0.1 <= every <= 3600:
        raise InputError(f"every={every} is not between 0.1 and 3600 seconds.")
    folder = run_folder(study) if isinstance(study, Run) else study_folder(study)
    (_watch_in_notebook if Console().is_jupyter else watch_in_terminal)(FolderView(folder), every, once)
    return Study(folder) if (folder / "study.json").exists() else Run(folder)


def _watch_in_notebook(read_view: FolderView, every: float, once: bool) -> None:
    from IPython.display import display

    current = View(read_view())
    handle = display(current, display_id=True)
    while not once and not all_ended(current.study.runs):
        time.sleep(every)
        handle.update(current := View(read_view()))


@dataclass(frozen=True)
class View:
    """The state of a study, displayed as text or HTML."""

    study: StudyView
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        """Render the view."""
        console = Console(file=io.StringIO(), record=True, width=DEFAULT_WIDTH, force_jupyter=False)
        console.print(view(self.study, DEFAULT_WIDTH, DEFAULT_HEIGHT))
        object.__setattr__(self, "console", console)

    def __repr__(self) -> str:
        """The text that is printed without a terminal."""
        return self.console.export_text(clear=False).rstrip()

    def _repr_html_(self) -> str:
        return self.console.export_html(inline_styles=True, code_format=PRE, clear=False)
