"""Ablation studies of image classifiers, from Hydra config groups to a table of paired differences.

From Python, as from the command line: `from ablate import train, report, predict`; `look` is `ablate data`.

Read in the order in which data flows:

1. `config/`: the schema of every option in `conf/`, and the checks before anything trains
2. `train.py`: the one training entrypoint, config -> parts -> fit -> record; `parts.py`: builds what a step is made
   of
3. `data/`, `model/`, `normalization.py`, `activation.py`, `augmentation/`, `optimizer.py`, `schedule.py`, `loss.py`,
   `logger/`: the parts, a function or class for each option
4. `engine.py`: the only training loop; `compiler.py`: compiles the same everywhere, and is imported only where it is
   used; `evaluate.py`: from images to logits to figures, `averaging.py`: of which weights, `tta.py`: by which views of
   an image; `seeding.py`: where randomness comes from; `initialisation.py`: where a network starts
5. `record.py`: what a run leaves behind; `identity.py`: what is known of it before; `atomic.py`: files that are written
   whole; `provenance.py`: of which code, packages and hardware it is; `checkpoint.py`: the state of an unfinished one;
   `hardware.py`: where it computes, `limits.py`: what a device cannot do, in words; `lock.py`: one process a run;
   `samples.py`: the first images it trained on
6. `study/`: which variants and runs a study has, their check, their launch, how far they are (`watch.py`: as they
   train); `curve.py`: a run's epochs, read while they are written; `progress.py`: what a person sees of what takes long
7. `diff.py`, `compare.py`, `reproduce.py`: two runs beside each other, a run trained again; `trained.py`: the network
   of a finished run; `test.py`: the test set, `uses.py`: how often it was used, `rubric.py`: which mark it gives;
   `predict.py`, `predictions.py`: other images, how they are looked at, what is said of them; `export.py`,
   `exchange.py`: the network for other programs, in which formats
8. `verify.py`: whether a run's weights have the accuracy it states; `submit.py`, `submission/`: the archive to hand in
9. `look/`: what is in a data set, and what each augmentation makes of its images
10. `own.py`: parts of the user's own; `bounded.py`, `shape.py`, `trust.py`: what keeps files from others harmless;
    `home.py`: names not told; `printable.py`: text made safe to print
11. the two doors: `cli.py`, the verbs as commands, and `api/`, the verbs as functions. They alone import the package
    `analysis`, which makes the report: it reads run folders and never trains
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    from ablate.terminal.errors import InputError, RunFailed

_VERBS = ("train", "plan", "look", "status", "watch", "report", "test", "predict", "export", "reproduce", "diff",
          "submit")  # fmt: skip
_HOME = dict.fromkeys((*_VERBS, "Data", "Run", "Study", "Report", "Tested"), "ablate.api")
_HOME |= dict.fromkeys(("InputError", "RunFailed"), "ablate.terminal.errors")
__all__ = ["Data", "InputError", "Report", "Run", "RunFailed", "Study", "Tested", "diff", "export", "look", "plan",
           "predict", "report", "reproduce", "status", "submit", "test", "train", "watch"]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The function or class of this name, imported at its first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
