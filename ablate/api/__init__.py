"""The commands as Python functions: `from ablate import train, plan, look, status, watch, report, test, predict, ...`.

`overrides.py`      Python values -> Hydra overrides
`resolve.py`        overrides -> a planned run or study, and its folder
`child_process.py`  run a command in a new process, so that training works the same as from the command line
`run.py`, `study.py`, `figures.py`  the contents of a run or study folder as data frames and figures
`paths.py`          arguments that identify a run or a study
`data.py`, `watch_view.py`, `use.py`  `look`; `watch`; `predict`, `export` and `submit`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ablate.api.child_process import call
from ablate.api.data import Data, look
from ablate.api.overrides import to_overrides
from ablate.api.paths import PathLike, run_folder, study_folder
from ablate.api.resolve import Plan, Planned, resolve
from ablate.api.run import Run, Tested
from ablate.api.study import Report, Study
from ablate.api.use import export, predict, submit
from ablate.api.watch_view import watch
from ablate.terminal.errors import InputError, RunFailed

if TYPE_CHECKING:
    import pandas as pd

    from ablate.commands.reproduce.comparison import Comparison
    from ablate.runs.metric import Direction


def train(*overrides: str, config_dir: PathLike | None = None, **settings: Any) -> Run | Study:
    """Train one run, or a study. The results equal those of `ablate train` bit for bit.

    Args:
        *overrides: Hydra overrides as strings, as on the command line: `train("data=digits", "seed=1")`.
        config_dir: folder with your own config options.
        **settings: overrides as keyword arguments: `train(data="digits", **{"optimizer.lr": 0.1})`. A list or a range
            is a sweep, which makes it a study; the baseline has the first value of each:
            `train("study.name=norm", normalization=["batch", "none"], seed=range(3))`. A tuple is one value that is
            a list: `augmentation=("flip_crop", "cutout")`.

    Returns:
        The finished run, or the study.

    Raises:
        InputError: the configuration is invalid, or the data cannot be loaded.
        RunFailed: a run ended without a result.
    """
    planned = resolve(to_overrides(overrides, settings), config_dir)
    if planned.config is None:
        call("train", planned.command)
        return Run(planned.folder)
    try:
        call("train", planned.command)
    except RunFailed:
        raise RunFailed(
            f"Some runs of {planned.folder} have no result; see the messages above. Call `train` again to retry them."
            f" status({planned.folder.name!r}) returns the study with the finished runs."
        ) from None
    return Study(planned.folder)


def plan(
    *overrides: str, config_dir: PathLike | None = None, probe: bool = False, power: bool = False, **settings: Any
) -> Plan:
    """Return the runs that `train` would start with the same arguments. Starts nothing.

    Args:
        *overrides: as for `train`.
        config_dir: as for `train`.
        probe: also time a few training steps of each variant and print an estimate of the time.
        power: also print the smallest difference that the study detects with 80 % power.
        **settings: as for `train`.

    Raises:
        InputError: the configuration of a planned run is invalid, or it is a single run.
    """
    planned = resolve(to_overrides(overrides, settings), config_dir)
    if probe or power:
        flags = [flag for flag, enabled in {"--probe": probe, "--power": power}.items() if enabled]
        call("plan", [*flags, *planned.command])
    return planned.plan()


def status(study: PathLike | Study) -> Study:
    """Return a study; its `runs` list the status of each run.

    Args:
        study: folder of the study, or its name in `outputs/`.

    Raises:
        InputError: the study does not exist.
    """
    return Study(study_folder(study))


def report(
    study: "PathLike | Study | pd.DataFrame",
    allow_partial: bool = False,
    *,
    metric: str | None = None,
    seed: str | None = None,
    factors: Sequence[str] | None = None,
    baseline: Mapping[str, str] | None = None,
    direction: "Direction | None" = None,
    margin: float | None = None,
    unit: str | None = None,
    scale: float | None = None,
    exclude_seeds: Mapping[int, str] | None = None,
    block: str | None = None,
    folder: PathLike = "results",
    all_pairs: bool = False,
) -> Report:
    """Write the tables, figures, PDF and HTML report of a study, or of a data frame with one row per run.

    Args:
        study: folder of the study, or its name in `outputs/`; or a data frame.
        allow_partial: do not raise RunFailed if planned runs have no result.
        metric: column of a data frame that is compared; of a study, a metric other than planned (exploratory).
        seed: column of the seed of a data frame; None: runs are not paired.
        factors: columns of the factors of a data frame; None: the columns that vary.
        baseline: {factor: level} of a data frame; None: the first row. Of a study, a baseline other than planned
            (exploratory).
        direction: "max" or "min"; None: follows from the name of the metric.
        margin: equivalence margin of a data frame, in the metric's printed unit.
        unit: printed after values; with "%", fractions are printed in per cent.
        scale: factor from the values of a data frame to printed ones.
        exclude_seeds: {seed: reason} of seeds that no comparison uses; the report states them.
        block: compare variants separately within each level of this factor of a data frame.
        folder: where the report of a data frame is written, in its subfolder `report`.
        all_pairs: also compare every variant with every other one.

    Raises:
        InputError: the study or a seed does not exist, or the data frame cannot be compared.
        RunFailed: planned runs have no result. The report is written nevertheless.
    """
    import pandas as pd

    if not isinstance(study, pd.DataFrame):
        place = study_folder(study)
        words = [*(["--allow-partial"] if allow_partial else []), *(["--metric", metric] if metric else [])]
        words += [f"--{key}={value}" for pair in (exclude_seeds or {}).items()
                  for key, value in zip(("exclude-seed", "reason"), pair, strict=True)]  # fmt: skip
        words += ["--all-pairs"] if all_pairs else []
        words += ["--baseline", ",".join(f"{key}={value}" for key, value in baseline.items())] if baseline else []
        call("report", [str(place), *words], show_output=False)
        return Report(place / "report")
    from ablate.analysis.report.write import write_report
    from ablate.analysis.sources.open import Asked, of_frame

    levels = {name: str(level) for name, level in baseline.items()} if baseline is not None else None
    asked = Asked(metric, seed, factors, levels, direction, margin, unit, scale, block=block, all_pairs=all_pairs,
                  excluded=exclude_seeds or {})  # fmt: skip
    if write_report(of_frame(study, asked, Path(folder)), allow_partial):
        raise RunFailed(f"Some runs have no result; the report is in {folder}/report.")
    return Report(Path(folder) / "report")


@overload
def test(run: PathLike | Run, trust: bool = False) -> Tested: ...


@overload
def test(
    run: PathLike | Run | Study,
    trust: bool = False,
    *,
    on: PathLike,
    corrupt: Sequence[str] = (),
    variants: Literal["best", "all"] = "best",
    name: str | None = None,
) -> "pd.DataFrame": ...


def test(
    run: PathLike | Run | Study,
    trust: bool = False,
    *,
    on: PathLike | None = None,
    corrupt: Sequence[str] = (),
    variants: Literal["best", "all"] = "best",
    name: str | None = None,
) -> "Tested | pd.DataFrame":
    """Evaluate a completed run on the test set; or a run or study on another one.

    Args:
        run: folder of the run; with `on`, also a study.
        trust: run code outside this package that the run's configuration names, such as your own model.
        on: another test set, as `ablate test --on`: a folder with the same class folders, a folder of such folders,
            CIFAR-10.1, CIFAR-10-C; or `test`, the run's own, for `corrupt`.
        corrupt: corruptions of these images: gaussian_noise, gaussian_blur, contrast, jpeg_compression or all.
        variants: of a study: the best variant and the baseline, or all.
        name: of the test set; by default that of its folder.

    Returns:
        The result on the test set; with `on`, a frame with one row per run and condition: test_set, variant, seed,
        condition (empty if there is one), severity, images, accuracy and calibration_error (fractions), loss (nats),
        data_sha256, folder.

    Raises:
        InputError: the run is not completed, its data set has no test images, or the other test set cannot be used.
    """
    if on is None:
        if corrupt or name is not None or variants != "best":
            raise InputError("corrupt, variants and name are for another test set: pass on, such as on='test'.")
        if isinstance(run, Study):
            raise InputError("Pass a run, such as study.run(), or on for another test set.")
        folder = run_folder(run)
        call("test", [str(folder), *(["--trust"] if trust else [])], show_output=False)
        return Tested(folder)
    from ablate.api.use import test_on

    return test_on(run.folder if isinstance(run, Run | Study) else Path(run), trust, str(on), corrupt, variants, name)


vars(test)["__test__"] = False  # pytest would collect it in test files that import it


def reproduce(
    run: PathLike | Run,
    from_commit: bool = False,
    trust: bool = False,
    data_root: PathLike | None = None,
    weights: PathLike | None = None,
    teacher: PathLike | Run | None = None,
) -> "Comparison":
    """Retrain a run in a new folder and compare the results bit for bit.

    Args:
        run: folder of the run.
        from_commit: train with the code of the run's git commit, instead of the installed code.
        trust: run code outside this package that the run's configuration names.
        data_root: the image folder, if it has moved.
        weights: the file of its pretrained weights, if it has moved.
        teacher: the teacher of its distillation, if it has moved.

    Returns:
        The comparison; its `verdict` is identical, within tolerance or different.

    Raises:
        InputError: the run is not completed, or cannot be retrained.
    """
    from ablate.commands.reproduce.retrain import reproduce

    moved = {
        "model.weights": str(weights) if weights is not None else None,
        "loss.teacher": str(run_folder(teacher)) if teacher is not None else None,
    }
    return reproduce(run_folder(run), from_commit, trust, str(data_root) if data_root is not None else None, moved)


def diff(one: PathLike | Run, other: PathLike | Run) -> "pd.DataFrame":
    """Compare the configuration, code, environment and results of two runs, except times.

    Returns:
        One row per difference: part, key, and the values of both runs as strings.

    Raises:
        InputError: a folder is not a run folder.
    """
    import pandas as pd

    from ablate.runs.differences import diff

    return pd.DataFrame(diff(run_folder(one), run_folder(other)), columns=["part", "key", "one", "other"])


__all__ = ["Data", "InputError", "Plan", "Planned", "Report", "Run", "RunFailed", "Study", "Tested", "diff", "export",
           "look", "plan", "predict", "report", "reproduce", "status", "submit", "test", "train", "watch"]  # fmt: skip
