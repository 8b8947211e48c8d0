"""What a run has left in its folder, for a notebook: read when it is first asked for."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.figures import Figures
from ablate.files import bounded
from ablate.runs.record import read_config, read_json, read_run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

CURVE = 64 * bounded.MIB  # bytes: metrics.csv has 150 an epoch


@dataclass(frozen=True)
class Run:
    """The run in a folder. InputError if there is none."""

    folder: Path

    def __post_init__(self) -> None:
        """Read the record: a folder that is no run's is refused here."""
        object.__setattr__(self, "folder", Path(self.folder))
        _ = self.record

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of run.json."""
        return read_run(self.folder)

    @property
    def status(self) -> str:
        """`completed`, `diverged`, `failed`, ..."""
        return self.record["status"]

    @property
    def metrics(self) -> dict[str, float]:
        """Of the selected epoch: val_accuracy, val_loss, train_accuracy, train_loss (accuracies as fractions)."""
        return self.record.get("metrics") or {}

    @cached_property
    def history(self) -> "pd.DataFrame":
        """A row an epoch, with the columns of metrics.csv; indexed by epoch."""
        import pandas as pd

        content = io.BytesIO(bounded.contents(self.folder / "metrics.csv", CURVE))
        return pd.read_csv(content, index_col="epoch", float_precision="round_trip")  # exact: not pandas 2's default

    @cached_property
    def config(self) -> "DictConfig":
        """The run's configuration."""
        return read_config(self.folder)

    def __repr__(self) -> str:
        """In a line."""
        accuracy = self.metrics.get("val_accuracy")
        said = "" if accuracy is None else f", validation accuracy {100 * accuracy:.1f} %"
        return f"Run({str(self.folder)!r}: {self.status}{said})"

    def _repr_html_(self) -> str:
        accuracies = {name: percent(value) for name, value in self.metrics.items() if "accuracy" in name}
        losses = {name: f"{value:.3f}" for name, value in self.metrics.items() if "loss" in name}
        shown = {"status": self.status, **accuracies, **losses, "epochs": self.record.get("epochs", {}).get("done")}
        return html(shown | {"parameters": self.record.get("parameters")}, str(self.folder))


@dataclass(frozen=True)
class Tested:
    """What `ablate test` found of the run in a folder."""

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of test.json."""
        return read_json(self.folder / "test.json", "a tested run")

    @property
    def accuracy(self) -> float:
        """Fraction of the test images that are classified right."""
        return self.record["accuracy"]

    @property
    def per_class(self) -> "pd.Series":
        """The same of each class's images, by the name of the class."""
        import pandas as pd

        return pd.Series(self.record["per_class_accuracy"], name="accuracy", dtype=float).rename_axis("class")

    @property
    def confusion(self) -> "pd.DataFrame":
        """Counts of images: a row a true class, a column a predicted one."""
        import pandas as pd

        names = list(self.record["per_class_accuracy"])
        return pd.DataFrame(self.record["confusion"], pd.Index(names, name="true"), pd.Index(names, name="predicted"))

    @property
    def figures(self) -> "Mapping[str, Figure]":
        """`confusion`, `calibration`, and `mistakes`, the surest ones with their images."""
        from ablate.analysis.test_results import figures

        return Figures(figures(self.folder, self.record))

    def __repr__(self) -> str:
        """In a line."""
        return f"Tested({str(self.folder)!r}: {percent(self.accuracy)} of {self.record['images']} images)"

    def _repr_html_(self) -> str:
        classes = {name: percent(value) for name, value in self.per_class.items()}
        return html({"all": percent(self.accuracy), **classes}, f"{self.folder}: accuracy on the test set")


def percent(fraction: float | None) -> str:
    """`71.2 %`."""
    return "—" if fraction is None else f"{100 * fraction:.1f} %"


def html(content: Mapping[Any, Any], title: str) -> str:
    """Two columns of text."""
    rows = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in content.items()
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"
