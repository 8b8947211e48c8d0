"""The verbs as functions: `from ablate import train, plan, look, status, watch, report, test, predict, ...`.

`words.py`     Python values -> overrides
`planned.py`   overrides -> whether they are a run or a study, and its folder
`child.py`     the command itself, in a process of its own: `ablate.train` stays the one way to train
`run.py`, `study.py`  what a folder holds, as frames and figures (`drawn.py`); `place.py`, what names a folder
`dataset.py`, `watching.py`, `use.py`  the verbs before a training, beside it and after it
"""

from typing import TYPE_CHECKING, Any

from ablate.api.child_process import call
from ablate.api.data import Data, look
from ablate.api.overrides import words
from ablate.api.paths import Place, of_run, of_study
from ablate.api.resolve import Plan, Planned, read
from ablate.api.run import Run, Tested
from ablate.api.study import Report, Study
from ablate.api.use import export, predict, submit
from ablate.api.watch_view import watch
from ablate.terminal.errors import InputError, RunFailed

if TYPE_CHECKING:
    import pandas as pd

    from ablate.commands.reproduce.comparison import Comparison


def train(*overrides: str, config_dir: Place | None = None, **settings: Any) -> Run | Study:
    """Train one run, or a study: `ablate train`, the same numbers to the last bit.

    Overrides are words of the command line, keywords, or both: `train("data=digits", model="cnn", seed=1)`,
    `train(**{"optimizer.lr": 0.1})`. A list or a range is a sweep, which makes it a study, whose baseline has the first
    of each: `train("study.name=norm", normalization=["batch", "none"], seed=range(3))`. A tuple is one value, a list:
    `augmentation=("flip_crop", "cutout")`. `config_dir` is a folder with options of your own.

    Raises:
        InputError: the configuration is refused, or the data cannot be used.
        RunFailed: a run ended without a result.
    """
    call_of = read(words(overrides, settings), config_dir)
    if call_of.composed is None:
        call("train", call_of.command)
        return Run(call_of.folder)
    try:
        call("train", call_of.command)
    except RunFailed:
        raise RunFailed(
            f"Not all runs of {call_of.folder} have a result, see above. The same call runs those again; "
            f"status({call_of.folder.name!r}) is the study as it is."
        ) from None
    return Study(call_of.folder)


def plan(
    *overrides: str, config_dir: Place | None = None, probe: bool = False, power: bool = False, **settings: Any
) -> Plan:
    """What `train` would run with the same arguments; starts nothing.

    `probe` also times a few steps of each variant, `power` says how small a difference the study could find; both are
    printed.

    Raises:
        InputError: a planned run is refused.
    """
    call_of = read(words(overrides, settings), config_dir)
    if probe or power:
        flags = [flag for flag, wanted in {"--probe": probe, "--power": power}.items() if wanted]
        call("plan", [*flags, *call_of.command])
    return call_of.plan()


def status(study: Place | Study) -> Study:
    """How far a study is: the study, whose `runs` have a status each.

    Raises:
        InputError: there is no such study.
    """
    return Study(of_study(study))


def report(study: Place | Study, allow_partial: bool = False) -> Report:
    """Write a study's tables, figures and pages to its folder `report`.

    Raises:
        InputError: it is no study.
        RunFailed: runs are incomplete and `allow_partial` is not given; the report is written.
    """
    folder = of_study(study)
    call("report", [str(folder), *(["--allow-partial"] if allow_partial else [])], shown=False)
    return Report(folder / "report")


def test(run: Place | Run, trust: bool = False) -> Tested:
    """Accuracy of a finished run on the test set.

    `trust`: also run code that the run's configuration names and this package has not, such as your own model.

    Raises:
        InputError: it is no finished run, or its data have no test set.
    """
    folder = of_run(run)
    call("test", [str(folder), *(["--trust"] if trust else [])], shown=False)
    return Tested(folder)


vars(test)["__test__"] = False  # pytest would take it for a test of the file that imports it


def reproduce(run: Place | Run, from_commit: bool = False, trust: bool = False) -> "Comparison":
    """Train a run again in a fresh folder, and compare: its `verdict` is identical, within tolerance or different.

    Raises:
        InputError: it is no finished run, or cannot be trained again.
    """
    from ablate.commands.reproduce.retrain import reproduce

    return reproduce(of_run(run), from_commit, trust)


def diff(one: Place | Run, other: Place | Run) -> "pd.DataFrame":
    """What differs between two runs, times aside. Columns: part, key, and a value of each run, as text.

    Raises:
        InputError: either is no run.
    """
    import pandas as pd

    from ablate.runs.differences import diff

    return pd.DataFrame(diff(of_run(one), of_run(other)), columns=["part", "key", "one", "other"])


__all__ = ["Data", "InputError", "Plan", "Planned", "Report", "Run", "RunFailed", "Study", "Tested", "diff", "export",
           "look", "plan", "predict", "report", "reproduce", "status", "submit", "test", "train", "watch"]  # fmt: skip
