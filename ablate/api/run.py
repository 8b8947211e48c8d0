"""The contents of a run folder as Python objects, read on first access."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.figures import Figures
from ablate.runs import epochs, run_record, test_result
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.runs.test_result import TestResult
from ablate.terminal.errors import InputError
from ablate.terminal.text import plural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Run:
    """A run.

    Args:
        folder: run folder; InputError if it is not one.
    """

    folder: Path

    def __post_init__(self) -> None:
        """Read the record, which fails if the folder is not a run folder."""
        object.__setattr__(self, "folder", Path(self.folder))
        _ = self.record

    @cached_property
    def record(self) -> RunRecord:
        """The content of run.json."""
        return run_record.read(self.folder)

    @property
    def status(self) -> str:
        """`completed`, `diverged`, `failed`, ..."""
        return self.record.status

    @property
    def metrics(self) -> dict[str, float | None]:
        """Metrics of the selected epoch: val_accuracy, val_loss, train_accuracy, train_loss (accuracies: fractions)."""
        return self.record.metrics or {}

    @cached_property
    def history(self) -> "pd.DataFrame":
        """The learning curves: one row per epoch, the columns of metrics.csv, indexed by epoch."""
        import pandas as pd

        table = epochs.read(self.folder / epochs.FILE, self.record.planned_epochs)
        if "epoch" not in table:
            raise InputError(f"{self.folder} has no metrics.csv, or it is damaged.")
        frame = pd.DataFrame({name: pd.Series(column, dtype=float) for name, column in table.items()})
        return frame.astype({"epoch": int, "step": int} if "step" in table else {"epoch": int}).set_index("epoch")

    @cached_property
    def config(self) -> "DictConfig":
        """The run's configuration."""
        return read_config(self.folder)

    def __repr__(self) -> str:
        """One line: folder, status, validation accuracy."""
        accuracy = self.record.val_accuracy
        accuracy_text = "" if accuracy is None else f", validation accuracy {100 * accuracy:.1f} %"
        return f"Run({str(self.folder)!r}: {self.status}{accuracy_text})"

    def _repr_html_(self) -> str:
        accuracies = {name: format_percent(value) for name, value in self.metrics.items() if "accuracy" in name}
        losses = {name: format_loss(value) for name, value in self.metrics.items() if "loss" in name}
        content = {"status": self.status, **accuracies, **losses, "epochs": self.record.done_epochs}
        return html_table(content | {"parameters": self.record.parameters}, str(self.folder))


@dataclass(frozen=True)
class Tested:
    """The test result of a run.

    Args:
        folder: run folder.
    """

    folder: Path

    @cached_property
    def record(self) -> TestResult:
        """The content of test.json; InputError if the run was not tested."""
        result = test_result.read(self.folder)
        if result is None:
            raise InputError(f"{self.folder} has no test.json of this version. Run `ablate test` first.")
        return result

    @property
    def accuracy(self) -> float:
        """Accuracy on the test images, a fraction."""
        return self.record.accuracy

    @property
    def per_class(self) -> "pd.Series":
        """Accuracy on the test images of each class, indexed by class name."""
        import pandas as pd

        return pd.Series(self.record.per_class_accuracy, name="accuracy", dtype=float).rename_axis("class")

    @property
    def confusion(self) -> "pd.DataFrame":
        """Confusion matrix, number of images: one row per true class, one column per predicted class."""
        import pandas as pd

        names = list(self.record.per_class_accuracy)
        return pd.DataFrame(self.record.confusion, pd.Index(names, name="true"), pd.Index(names, name="predicted"))

    @property
    def figures(self) -> "Mapping[str, Figure]":
        """`confusion`, `calibration` and `mistakes`: the most confident errors with their images."""
        from ablate.analysis.on_test_set.run_results import figures

        return Figures(figures(self.folder, self.record))

    def __repr__(self) -> str:
        """One line: folder, accuracy, number of images."""
        return f"Tested({str(self.folder)!r}: {format_percent(self.accuracy)} of {plural(self.record.images, 'image')})"

    def _repr_html_(self) -> str:
        classes = {name: format_percent(value) for name, value in self.per_class.items()}
        return html_table({"all": format_percent(self.accuracy), **classes}, f"{self.folder}: accuracy on the test set")


def format_percent(fraction: float | None) -> str:
    """Format a fraction: `71.2 %`."""
    return "—" if fraction is None else f"{100 * fraction:.1f} %"


def format_loss(value: float | None) -> str:
    """Format a loss: `0.123`."""
    return "—" if value is None else f"{value:.3f}"


def html_table(content: Mapping[Any, Any], title: str) -> str:
    """Format a mapping as an HTML table with two columns."""
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in content.items()
    )
    return without_formulas(f"<table><caption>{escape(title)}</caption>{rows}</table>")


def without_formulas(html: str) -> str:
    """HTML in which notebooks leave text between dollars as it is: names are never formulas."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>'
