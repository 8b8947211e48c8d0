"""`ablate watch` as a function: in a notebook the view is drawn anew in its cell."""

import io
import time
from dataclasses import dataclass, field

from rich.console import Console

from ablate.api.paths import Place, of_run, of_study
from ablate.api.run import Run
from ablate.api.study import Study
from ablate.study.snapshot import FolderView, StudyView
from ablate.study.terminal_view import AROUND, view
from ablate.study.watch import SHOWN, WIDE, ended
from ablate.study.watch import watch as watch_in_terminal
from ablate.terminal.errors import InputError

PRE = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.2">{code}</pre>'


def watch(study: Place | Study | Run, every: float = 1.0, once: bool = False) -> Study | Run:
    """Curves, time left and failures of a study, or of a run, while it trains elsewhere; returns it in the end.

    A notebook shows one view, looked at again `every` so many seconds until the last run has ended; interrupt the cell
    to stop sooner. A terminal does likewise, until q. With `once`, and where there is neither, it is one look.

    Raises:
        InputError: there is no such study.
    """
    if not 0.1 <= every <= 3600:
        raise InputError(f"every={every} is not between 0.1 and 3600 seconds.")
    folder = of_run(study) if isinstance(study, Run) else of_study(study)
    (_in_cell if Console().is_jupyter else watch_in_terminal)(FolderView(folder), every, once)
    return Study(folder) if (folder / "study.json").exists() else Run(folder)


def _in_cell(look: FolderView, every: float, once: bool) -> None:
    from IPython.display import display

    view_now = View(look())
    shown = display(view_now, display_id=True)
    while not once and not ended(view_now.study.runs):
        time.sleep(every)
        shown.update(view_now := View(look()))


@dataclass(frozen=True)
class View:
    """A study as text and as HTML."""

    study: StudyView
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        """Draw it."""
        console = Console(file=io.StringIO(), record=True, width=WIDE, highlight=False, force_jupyter=False)
        console.print(view(self.study, WIDE, AROUND + SHOWN))
        object.__setattr__(self, "console", console)

    def __repr__(self) -> str:
        """As it is printed where there is no terminal."""
        return self.console.export_text(clear=False).rstrip()

    def _repr_html_(self) -> str:
        return self.console.export_html(inline_styles=True, code_format=PRE, clear=False)
