"""A run's folder for a notebook: each part is read when it is first used."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.figures import Figures
from ablate.files import bounded
from ablate.runs import epochs, run_record, test_result
from ablate.runs.read_config import read_config
from ablate.runs.run_record import RunRecord
from ablate.runs.test_result import TestResult
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Run:
    """The run in a folder. InputError if there is none."""

    folder: Path

    def __post_init__(self) -> None:
        """Read the record: a folder that is no run's is refused here."""
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
        """Of the selected epoch: val_accuracy, val_loss, train_accuracy, train_loss (accuracies as fractions)."""
        return self.record.metrics or {}

    @cached_property
    def history(self) -> "pd.DataFrame":
        """One row per epoch, with the columns of metrics.csv; indexed by epoch."""
        import pandas as pd

        content = io.BytesIO(bounded.contents(self.folder / "metrics.csv", epochs.LARGEST))
        return pd.read_csv(content, index_col="epoch", float_precision="round_trip")  # exact: not pandas 2's default

    @cached_property
    def config(self) -> "DictConfig":
        """The run's configuration."""
        return read_config(self.folder)

    def __repr__(self) -> str:
        """In a line."""
        accuracy = self.record.val_accuracy
        reached = "" if accuracy is None else f", validation accuracy {100 * accuracy:.1f} %"
        return f"Run({str(self.folder)!r}: {self.status}{reached})"

    def _repr_html_(self) -> str:
        accuracies = {name: percent(value) for name, value in self.metrics.items() if "accuracy" in name}
        losses = {name: loss(value) for name, value in self.metrics.items() if "loss" in name}
        shown = {"status": self.status, **accuracies, **losses, "epochs": self.record.done_epochs}
        return html(shown | {"parameters": self.record.parameters}, str(self.folder))


@dataclass(frozen=True)
class Tested:
    """The result of `ablate test` of the run in a folder."""

    folder: Path

    @cached_property
    def record(self) -> TestResult:
        """The content of test.json. InputError if the run was not tested."""
        result = test_result.read(self.folder)
        if result is None:
            raise InputError(f"{self.folder} has no test.json of this version: test the run first.")
        return result

    @property
    def accuracy(self) -> float:
        """Fraction of the test images that are classified right."""
        return self.record.accuracy

    @property
    def per_class(self) -> "pd.Series":
        """The same of each class's images, by the name of the class."""
        import pandas as pd

        return pd.Series(self.record.per_class_accuracy, name="accuracy", dtype=float).rename_axis("class")

    @property
    def confusion(self) -> "pd.DataFrame":
        """Counts of images: one row per true class, one column per predicted class."""
        import pandas as pd

        names = list(self.record.per_class_accuracy)
        return pd.DataFrame(self.record.confusion, pd.Index(names, name="true"), pd.Index(names, name="predicted"))

    @property
    def figures(self) -> "Mapping[str, Figure]":
        """`confusion`, `calibration`, and `mistakes`, the most confident ones with their images."""
        from ablate.analysis.test_results import figures

        return Figures(figures(self.folder, self.record))

    def __repr__(self) -> str:
        """In a line."""
        return f"Tested({str(self.folder)!r}: {percent(self.accuracy)} of {self.record.images} images)"

    def _repr_html_(self) -> str:
        classes = {name: percent(value) for name, value in self.per_class.items()}
        return html({"all": percent(self.accuracy), **classes}, f"{self.folder}: accuracy on the test set")


def percent(fraction: float | None) -> str:
    """`71.2 %`."""
    return "—" if fraction is None else f"{100 * fraction:.1f} %"


def loss(value: float | None) -> str:
    """`0.123`."""
    return "—" if value is None else f"{value:.3f}"


def html(content: Mapping[Any, Any], title: str) -> str:
    """Two columns of text."""
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in content.items()
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"
