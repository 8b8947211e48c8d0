"""The folders of a study and of its report for a notebook: each part is read when it is first used."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.api.figures import Figures
from ablate.api.run import Run
from ablate.runs import study_plan
from ablate.runs.study_plan import BASELINE, StudyPlan
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ablate.analysis.results import Results


@dataclass(frozen=True)
class Study:
    """The study in a folder, compared as in its report. InputError if there is none."""

    folder: Path

    def __post_init__(self) -> None:
        """Read the plan: a folder that is no study's is refused here."""
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
        """All that the report computes."""
        from ablate.analysis.results import analyse

        return analyse(self.folder)

    @property
    def curves(self) -> "pd.DataFrame":
        """A row an epoch of each run: variant, seed, status, then the columns of metrics.csv."""
        return self.results.curves

    @property
    def effects(self) -> "pd.DataFrame":
        """A row a variant, compared with the baseline on the same seeds: the columns of report/effects.csv."""
        from ablate.analysis.effects import COLUMNS

        return self.results.effects[COLUMNS]

    @property
    def figures(self) -> Mapping[str, "Figure"]:
        """The figures of the report, by name; each is drawn when it is asked for."""
        from ablate.analysis.figures import every

        return Figures(every(self.results))

    @property
    def best(self) -> str | None:
        """The variant of the highest mean validation accuracy, which may be the baseline; None before there is one."""
        return self.results.chosen

    def run(self, variant: str = BASELINE, seed: int | None = None) -> Run:
        """A run of the study, by default with the first seed. InputError if it was not planned."""
        planned = {run.seed: run.folder for run in self.plan.runs if run.variant == variant}
        if not planned:
            names = ", ".join(dict.fromkeys(run.variant for run in self.plan.runs))
            raise InputError(f"The study has no variant {variant!r}; its variants are {names}.")
        if seed is not None and seed not in planned:
            raise InputError(f"The variant {variant} has no seed {seed}; its seeds are {', '.join(map(str, planned))}.")
        return Run(self.folder / planned[next(iter(planned)) if seed is None else seed])

    def __repr__(self) -> str:
        """In a line."""
        return f"Study({str(self.folder)!r}: {self._counted()})"

    def _repr_html_(self) -> str:
        from ablate.analysis.tables import every

        cells = every(self.results)["effects"].cells
        return f"<p>{escape(str(self.folder))}: {self._counted()}</p>{cells.to_html(index=False)}"

    def _counted(self) -> str:
        counts = self.runs["status"].value_counts()
        return f"{len(self.runs)} runs, " + ", ".join(f"{number} {status}" for status, number in counts.items())


@dataclass(frozen=True)
class Report:
    """The files in a study's folder `report`."""

    folder: Path

    @property
    def pdf(self) -> Path:
        """Two pages to hand in."""
        return self.folder / "report.pdf"

    @property
    def html(self) -> Path:
        """One file to explore."""
        return self.folder / "report.html"

    @property
    def figures(self) -> dict[str, Path]:
        """The figures as PNG, by name; PDF and SVG lie beside them."""
        return {path.stem: path for path in sorted((self.folder / "figures").glob("*.png"))}

    @property
    def tables(self) -> dict[str, "pd.DataFrame"]:
        """The tables as they are printed, of text, by name."""
        import pandas as pd

        files = sorted((self.folder / "tables").glob("*.csv"))
        return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in files}

    @property
    def notes(self) -> list[str]:
        """What to know when reading the effects."""
        lines = (self.folder / "tables" / "effects.md").read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("Note: ") for line in lines if line.startswith("Note: ")]

    def _repr_html_(self) -> str:
        links = ", ".join(f'<a href="{escape(path.as_posix())}">{path.name}</a>' for path in (self.pdf, self.html))
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        table = self.tables["effects"].to_html(index=False)
        return f"<p>{escape(str(self.folder))}: {links}</p>{table}<ul>{notes}</ul>"
