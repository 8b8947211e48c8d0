"""The commands on trained runs as functions: `ablate predict`, `ablate export`, `ablate submit`."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ablate.api.child_process import call, flags
from ablate.api.paths import PathLike, run_folder, study_folder
from ablate.api.run import Run
from ablate.api.study import Study
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import Tensor


def predict(
    run: PathLike | Run,
    images: "PathLike | Iterable[PathLike] | np.ndarray | Tensor",
    top: int = 1,
    tta: Literal["none", "flip", "shift", "flip_shift"] | None = None,
    device: str = "auto",
    trust: bool = False,
) -> "pd.DataFrame":
    """Classify images with a trained run.

    Args:
        run: folder of a completed run.
        images: image files and folders, of any size and color mode; or an array, uint8 (N, C, H, W), of the size of
            the training images.
        top: number of most probable classes per image.
        tta: test-time augmentation; None for that of the validation (`trainer.tta` of the run).
        device: `auto`, `cpu`, `cuda` or `mps`.
        trust: run code outside this package that the run's configuration names.

    Returns:
        One row per image. Columns: image (the path; absent for an array), class, probability, class_2, probability_2,
        ..., and error: why an image could not be classified, else None.

    Raises:
        InputError: the run is not completed, a path does not exist, there are no images, or an array has another shape.
    """
    from ablate.commands import predict_formats
    from ablate.commands.predict import predict, predict_pixels
    from ablate.data.image_files import find
    from ablate.evaluation import tta as views

    if top < 1:
        raise InputError(f"top={top} is less than 1.")
    if tta not in (None, *views.OPTIONS):
        raise InputError(f"tta={tta!r} is not one of {', '.join(views.OPTIONS)}.")
    is_array = getattr(images, "ndim", 1) > 1  # a Series of paths has one dimension
    inputs: Any = images
    if not is_array:
        inputs = find([str(path) for path in ([images] if isinstance(images, (str, os.PathLike)) else images)])
    from ablate.evaluation import trained_model  # imports PyTorch, which takes a while

    trained = trained_model.load(run_folder(run), trust, device)
    top = min(top, len(trained.inputs.classes))
    predicted = (predict_pixels if is_array else predict)(
        trained, inputs, views.OPTIONS[tta] if tta else trained.views, top
    )
    return predict_formats.frame(predicted, top).drop(columns=["image"] if is_array else [])


def export(
    run: PathLike | Run,
    format: Literal["onnx", "pt2", "safetensors"],
    output: PathLike | None = None,
    force: bool = False,
    trust: bool = False,
) -> Path:
    """Export the network of a completed run.

    Before the file is saved, it is loaded again and its logits are compared with those of the run.

    Args:
        run: folder of a completed run.
        format: `onnx`, `pt2` (torch.export) or `safetensors`.
        output: file or folder; by default the run's folder.
        force: overwrite an existing file.
        trust: run code outside this package that the run's configuration names.

    Returns:
        The path of the file.

    Raises:
        InputError: the run is not completed, the network cannot be exported in this format, or the file exists.
    """
    from ablate.commands.export import output_path

    folder = run_folder(run)
    path = output_path(folder, format, None if output is None else Path(output))
    call("export", [str(folder), "--format", format, "--output", str(path), *flags(force=force, trust=trust)])
    return path


def submit(
    study: PathLike | Study,
    id: str,
    submission: PathLike = "assignment",
    report: PathLike | None = None,
    notebook: PathLike | None = None,
    link: str | None = None,
    data_root: PathLike | None = None,
    output: PathLike = ".",
    trust: bool = False,
) -> Path:
    """Build the archive of a course submission, and verify it in a new process.

    Args:
        study: folder of the study, or its name in `outputs/`.
        id: student ID.
        submission: file names and limits: an option of `conf/submission/`, or a YAML file of the same form.
        report: PDF file; by default the report of the study.
        notebook: executed notebook; by default `notebooks/assignment.ipynb`.
        link: address of model.pt, if it is too large for the archive.
        data_root: image folder, if it has moved since the run.
        output: folder of the archive.
        trust: run code outside this package that the run's configuration names.

    Returns:
        The path of the archive.

    Raises:
        InputError: a file is missing, invalid or too large.
        RunFailed: the archive failed the verification; it is not written.
    """
    from ablate.commands.submit import rules
    from ablate.commands.submit.build import check_id

    path = Path(output) / rules.read(str(submission), check_id(id)).archive
    values = {"report": report, "notebook": notebook, "link": link, "data-root": data_root}
    options = [f"--{name}={value}" for name, value in values.items() if value is not None]
    options += [f"--submission={submission}", f"--output={output}", f"--id={id}", *flags(trust=trust)]
    call("submit", [str(study_folder(study)), *options])
    return path
