"""The contents of a study folder and of its report as Python objects, read on first access."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.api.figures import Figures
from ablate.api.run import Run, without_formulas
from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few, plural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ablate.analysis.results import Results


@dataclass(frozen=True)
class Study:
    """A study.

    Args:
        folder: study folder; InputError if it is not one.
    """

    folder: Path

    def __post_init__(self) -> None:
        """Read the plan, which fails if the folder is not a study folder."""
        object.__setattr__(self, "folder", Path(self.folder))
        _ = self.plan

    @cached_property
    def plan(self) -> StudyPlan:
        """The content of study.json."""
        return study_plan.read(self.folder)

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row per planned run: variant, one column per factor, seed, status, metrics, epochs, seconds, ..."""
        from ablate.analysis.collect import collect

        return collect(self.folder)

    @cached_property
    def results(self) -> "Results":
        """All results that the report is based on."""
        from ablate.analysis.analyze import analyze

        return analyze(self.folder)

    @property
    def curves(self) -> "pd.DataFrame":
        """Learning curves: one row per run and epoch, with variant, seed, status and the columns of metrics.csv."""
        return self.results.curves

    @property
    def effects(self) -> "pd.DataFrame":
        """One row per variant, compared with the baseline on the same seeds: the columns of report/effects.csv."""
        from ablate.analysis.effects import COLUMNS

        return self.results.effects[COLUMNS]

    @property
    def figures(self) -> Mapping[str, "Figure"]:
        """The figures of the report by name, drawn on access."""
        from ablate.analysis.figures import every

        return Figures(every(self.results))

    @property
    def best(self) -> str | None:
        """The variant with the best mean of the metric, possibly the baseline; None without finished runs."""
        return self.results.chosen

    def run(self, variant: str = BASELINE, seed: int | None = None) -> Run:
        """Return a run of the study.

        Args:
            variant: name of the variant.
            seed: its seed; by default the first one.

        Raises:
            InputError: the run was not planned.
        """
        folders = {run.seed: run.folder for run in self.plan.runs if run.variant == variant}
        if not folders:
            names = first_few(dict.fromkeys(run.variant for run in self.plan.runs), 20)
            raise InputError(f"The study has no variant {variant!r}; its variants are {names}.")
        if seed is not None and seed not in folders:
            raise InputError(f"The variant {variant} has no seed {seed}; its seeds are {', '.join(map(str, folders))}.")
        return Run(self.folder / folders[next(iter(folders)) if seed is None else seed])

    def __repr__(self) -> str:
        """One line: folder, and number of runs by status."""
        return f"Study({str(self.folder)!r}: {self._status_counts()})"

    def _repr_html_(self) -> str:
        from ablate.analysis.tables import every

        cells = every(self.results)["effects"].cells
        summary = f"<p>{escape(str(self.folder))}: {escape(self._status_counts())}</p>"
        return without_formulas(summary + cells.to_html(index=False))

    def _status_counts(self) -> str:
        counts = self.runs["status"].value_counts()
        return f"{plural(len(self.runs), 'run')}, " + ", ".join(
            f"{number} {status}" for status, number in counts.items()
        )


@dataclass(frozen=True)
class Report:
    """The report of a study.

    Args:
        folder: the folder `report` of the study.
    """

    folder: Path

    @property
    def pdf(self) -> Path:
        """The two-page report as PDF."""
        return self.folder / "report.pdf"

    @property
    def html(self) -> Path:
        """The interactive report as one HTML file."""
        return self.folder / "report.html"

    @property
    def figures(self) -> dict[str, Path]:
        """The PNG files of the figures by name. PDF and SVG files are in the same folder."""
        return {path.stem: path for path in sorted((self.folder / "figures").glob("*.png"))}

    @property
    def tables(self) -> dict[str, "pd.DataFrame"]:
        """The tables of the report by name; all cells are strings."""
        import pandas as pd

        files = sorted((self.folder / "tables").glob("*.csv"))
        return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in files}

    @property
    def notes(self) -> list[str]:
        """The notes below the table of effects."""
        lines = (self.folder / "tables" / "effects.md").read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("Note: ") for line in lines if line.startswith("Note: ")]

    def _repr_html_(self) -> str:
        links = ", ".join(f'<a href="{escape(path.as_posix())}">{path.name}</a>' for path in (self.pdf, self.html))
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        table = self.tables["effects"].to_html(index=False)
        return without_formulas(f"<p>{escape(str(self.folder))}: {links}</p>{table}<ul>{notes}</ul>")
