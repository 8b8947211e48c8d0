"""Read finished runs and studies: `status`, `report` and `diff`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.api.child_process import call
from ablate.api.paths import PathLike, run_folder, study_folder
from ablate.api.run import Run
from ablate.api.study import Report, Study
from ablate.terminal.errors import RunFailed

if TYPE_CHECKING:
    import pandas as pd

    from ablate.runs.metric import Direction


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
        unit: printed after values; with "%", fractions are printed in percent.
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
        # Those that the plan fixes are passed on, too, so that the command refuses them.
        options = {"metric": metric, "seed": seed, "margin": margin, "unit": unit, "scale": scale, "block": block}
        options |= {"factors": None if factors is None else ",".join(factors)}
        words = [f"--{name}={value}" for name, value in options.items() if value is not None]
        words += [*(["--allow-partial"] if allow_partial else []), *([f"--{direction}imize"] if direction else [])]
        words += [f"--{key}={value}" for pair in (exclude_seeds or {}).items()
                  for key, value in zip(("exclude-seed", "reason"), pair, strict=True)]  # fmt: skip
        words += ["--all-pairs"] if all_pairs else []
        words += ["--baseline", ",".join(f"{key}={value}" for key, value in baseline.items())] if baseline else []
        call("report", [str(place), *words], show_output=False)
        return Report(place / "report")
    from ablate.analysis.report.write import write_report
    from ablate.analysis.sources.any_source import Asked, of_frame

    levels = {name: str(level) for name, level in baseline.items()} if baseline is not None else None
    asked = Asked(metric, seed, factors, levels, direction, margin, unit, scale, block=block, all_pairs=all_pairs,
                  excluded=exclude_seeds or {})  # fmt: skip
    if write_report(of_frame(study, asked, Path(folder)), allow_partial):
        raise RunFailed(f"Some runs have no result; the report is in {folder}/report.")
    return Report(Path(folder) / "report")


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
