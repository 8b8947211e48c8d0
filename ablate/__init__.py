"""Ablation studies from Hydra config groups: designs, paired statistics and a report.

The commands are also Python functions: `from ablate import train, report, predict`. `look` is `ablate data`.

The package, in the order in which data flows (config -> train -> run folder -> collect -> report):

1. `config/`       the schema of every option in `conf/`, the checks before anything trains, the code that an untrusted
                   configuration may name (`trust.py`), the user's own code (`user_code.py`)
2. `data/`, `model/`, `normalization.py`, `activation.py`, `augmentation/`, `optimizer/`, `schedule.py`, `loss.py`,
   `logger/`       one folder or file per config group, one function or class per option
3. `training/`     `run.py`: one run, from its configuration to its folder; `parts.py`: the parts of a step; `loop.py`:
                   the only training loop; `checkpoint.py`: the state of an unfinished run
4. `evaluation/`   `metrics.py`: images -> logits -> metrics; `tta.py`: test-time augmentation; `trained_model.py`: the
                   network of a finished run; `test_set.py`: its accuracy on the test set; `rubric.py`: its mark
5. `runs/`         what a run folder holds: records, identity, provenance, epochs, use of the test set
6. `study/`        design -> plan -> sweeper -> launcher; status and live view; hyperparameter search; `app/`: studies
                   of any other Hydra app, with the same sweeper and the same records
7. `analysis/`     reads run folders and writes the report; never trains (in a checkout a link to `analysis/`)
8. `commands/`     one module or folder per verb of the command line; `api/`: the verbs as functions; `cli.py`
9. `files/`, `terminal/`, `backend/`  what all of these use: files that are atomic, bounded and locked; errors,
   progress and text; PyTorch and its devices
"""

import os
import sys

# `python -m ablate.cli` puts the current folder first on Python's search path, where its files shadow other modules.
# This comes before other imports, which would already run such a file.
_IS_MAIN = sys.argv[:1] == ["-m"] and "ablate.cli" in sys.orig_argv and not sys.flags.safe_path
if _IS_MAIN and sys.path[0] != os.path.dirname(__path__[0]):  # unless it is the checkout with this package
    del sys.path[0]

# Git on Windows writes a link as a file with its target. Then `ablate.analysis` is the folder next to this package.
if not os.path.isdir(os.path.join(__path__[0], "analysis")):
    __path__.append(os.path.dirname(__path__[0]))

from importlib import import_module  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

if TYPE_CHECKING:
    from ablate.api import (
        Data,
        Report,
        Run,
        Study,
        Tested,
        diff,
        export,
        look,
        plan,
        predict,
        report,
        reproduce,
        status,
        submit,
        test,
        train,
        watch,
    )
    from ablate.model.initialization import initialize
    from ablate.study.app.log import log, seed_everything
    from ablate.terminal.errors import InputError, RunFailed

_VERBS = ("train", "plan", "look", "status", "watch", "report", "test", "predict", "export", "reproduce", "diff",
          "submit")  # fmt: skip
_HOME = dict.fromkeys((*_VERBS, "Data", "Run", "Study", "Report", "Tested"), "ablate.api")
_HOME |= dict.fromkeys(("InputError", "RunFailed"), "ablate.terminal.errors")
_HOME |= {
    "log": "ablate.study.app.log",
    "seed_everything": "ablate.study.app.log",
    "initialize": "ablate.model.initialization",
}
__all__ = ["Data", "InputError", "Report", "Run", "RunFailed", "Study", "Tested", "diff", "export", "initialize",
           "log", "look", "plan", "predict", "report", "reproduce", "seed_everything", "status", "submit", "test",
           "train", "watch"]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The function or class of this name, imported at its first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
