"""The commands as Python functions: `from ablate import train, plan, look, status, watch, report, test, predict, ...`.

`start.py`, `read.py`, `evaluate.py`, `use.py`  the functions on runs and studies: start and repeat them; read and
                    report them; test them; use their networks. `data.py`, `watch_view.py`: `look` and `watch`
`run.py`, `study.py`, `figures.py`  the contents of a run or study folder as data frames and figures
`overrides.py`      Python values -> Hydra overrides
`resolve.py`        overrides -> a planned run or study, and its folder
`child_process.py`  run a command in a new process, so that training works the same as from the command line
`paths.py`          arguments that identify a run or a study
"""

from ablate.api.data import Data, look
from ablate.api.evaluate import test
from ablate.api.read import diff, report, status
from ablate.api.resolve import Plan, Planned
from ablate.api.run import Run, Tested
from ablate.api.start import plan, reproduce, train
from ablate.api.study import Report, Study
from ablate.api.use import export, predict, submit
from ablate.api.watch_view import watch
from ablate.terminal.errors import InputError, RunFailed

__all__ = ["Data", "InputError", "Plan", "Planned", "Report", "Run", "RunFailed", "Study", "Tested", "diff", "export",
           "look", "plan", "predict", "report", "reproduce", "status", "submit", "test", "train", "watch"]  # fmt: skip
