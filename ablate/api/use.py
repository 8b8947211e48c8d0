"""What comes after a training, as functions: `ablate predict`, `ablate export`, `ablate submit`."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ablate.api.child_process import call
from ablate.api.paths import Place, of_run, of_study
from ablate.api.run import Run
from ablate.api.study import Study
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import Tensor


def predict(
    run: Place | Run,
    images: "Place | Iterable[Place] | np.ndarray | Tensor",
    top: int = 1,
    tta: Literal["none", "flip", "shift", "flip_shift"] | None = None,
    device: str = "auto",
    trust: bool = False,
) -> "pd.DataFrame":
    """The classes of images, as a finished run tells them; a row an image.

    `images` are files and folders, of any size and mode, or an array uint8 (N, C, H, W) of the run's size. Columns:
    image (the path; an array has none, its rows are the frame's), class, probability, for `top` classes class_2,
    probability_2, ..., and error, why an image has no class (else None). `tta` averages over views of each image;
    None does as the run's validation did (trainer.tta).

    Raises:
        InputError: it is no finished run; a path does not exist, or there is no image; an array is of another shape.
    """
    from ablate.commands import predict_formats
    from ablate.commands.predict import predict, predict_pixels
    from ablate.data.image_files import find
    from ablate.evaluation import tta as views

    if top < 1:
        raise InputError(f"top={top} is less than 1.")
    if tta not in (None, *views.OPTIONS):
        raise InputError(f"tta={tta!r} is none of {', '.join(views.OPTIONS)}.")
    decoded = getattr(images, "ndim", 1) > 1  # a column of a frame has one
    inputs: Any = images
    if not decoded:
        inputs = find([str(path) for path in ([images] if isinstance(images, (str, PathLike)) else images)])
    from ablate.evaluation import trained_model  # only now: PyTorch takes a second

    trained = trained_model.load(of_run(run), trust, device)
    top = min(top, len(trained.inputs.classes))
    predicted = (predict_pixels if decoded else predict)(
        trained, inputs, views.OPTIONS[tta] if tta else trained.views, top
    )
    return predict_formats.frame(predicted, top).drop(columns=["image"] if decoded else [])


def export(
    run: Place | Run,
    format: Literal["onnx", "torchscript", "pt2", "safetensors"],
    output: Place | None = None,
    force: bool = False,
    trust: bool = False,
) -> Path:
    """A finished run's network in a format that other programs read; returns the file, by default in the run's folder.

    It is read again and compared with the run's own logits before it is there. `force` replaces a file.

    Raises:
        InputError: it is no finished run; the network cannot be written so; or the file is there already.
    """
    from ablate.commands.export import target

    folder = of_run(run)
    path = target(folder, format, None if output is None else Path(output))
    call("export", [str(folder), "--format", format, "--output", str(path), *_flags(force=force, trust=trust)])
    return path


def submit(
    study: Place | Study,
    id: str,
    submission: Place = "assignment",
    report: Place | None = None,
    notebook: Place | None = None,
    link: str | None = None,
    data_root: Place | None = None,
    output: Place = ".",
    trust: bool = False,
) -> Path:
    """Build the archive to hand in, and check it in a fresh process; returns its file.

    `report` and `notebook` are files, `link` is where weights are that are too large; `output` is a folder;
    `submission` names the limits, one of `conf/submission/` or a file like it.

    Raises:
        InputError: a part cannot be used, or is over a limit.
        RunFailed: the archive failed its check, which is printed; it is not kept.
    """
    from ablate.commands.submit import check_id
    from ablate.course import rules

    path = Path(output) / rules.read(str(submission), check_id(id)).archive
    options_of = {"report": report, "notebook": notebook, "link": link, "data-root": data_root}
    options = [f"--{name}={value}" for name, value in options_of.items() if value is not None]
    options += [f"--submission={submission}", f"--output={output}", f"--id={id}", *_flags(trust=trust)]
    call("submit", [str(of_study(study)), *options])
    return path


def _flags(**wanted: bool) -> list[str]:
    return [f"--{name}" for name, want in wanted.items() if want]
