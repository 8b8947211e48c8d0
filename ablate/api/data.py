"""`ablate data` as a function: a data set as data frames, images and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.figures import Figures
from ablate.api.overrides import to_overrides
from ablate.api.paths import PathLike
from ablate.api.resolve import raise_input_errors
from ablate.api.run import without_formulas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ablate.commands.data.summarize import DataSummary
    from ablate.data.images import Images
    from ablate.data.streamed import Pixels


def look(*overrides: str, config_dir: PathLike | None = None, **settings: Any) -> "Data":
    """Load and summarize the data that `train` would use with the same arguments. Writes no files.

    `look(data="digits").figures["classes"]` shows sample images of each class; another `seed` shows others. Test labels
    are not read.

    Args:
        *overrides: as for `train`.
        config_dir: as for `train`.
        **settings: as for `train`.

    Raises:
        InputError: the configuration is invalid, or the data cannot be loaded.
    """
    with raise_input_errors():
        from ablate.commands.data.summarize import look

        return Data(look(to_overrides(overrides, settings), Path(config_dir) if config_dir is not None else None))


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, as returned by `look`."""

    summary: "DataSummary"

    @property
    def facts(self) -> dict[str, Any]:
        """The content of data.json: number and size of the images, mean and std, duplicates, warnings."""
        return self.summary.facts

    @property
    def counts(self) -> "pd.DataFrame":
        """Number of images: one row per class, columns train and validation."""
        import pandas as pd

        return pd.DataFrame.from_dict(self.facts["classes"], orient="index", dtype=int).rename_axis("class")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return self.summary.data.classes

    @property
    def train(self) -> "Images":
        """The training images: `images` uint8 (N, C, H, W), `labels` int64 (N,)."""
        return self.summary.data.train

    @property
    def validation(self) -> "Images":
        """The validation images: `images` uint8 (N, C, H, W), `labels` int64 (N,)."""
        return self.summary.data.val

    @property
    def test(self) -> "Pixels | None":
        """The test images, uint8 (N, C, H, W), without labels; None if the data set has no test images."""
        return self.summary.test

    @property
    def figures(self) -> "Mapping[str, Figure]":
        """`classes`: sample images of each class; `augmentations`: the same images under each augmentation."""
        from ablate.analysis.figures import samples

        return Figures({name: partial(samples, grid.rows, grid.titles) for name, grid in self.summary.pictures.items()})

    def __repr__(self) -> str:
        """One line: classes, image size and number of images."""
        return f"Data({self._summary_line()})"

    def _repr_html_(self) -> str:
        from html import escape

        warnings = "".join(f"<p>{escape(warning)}</p>" for warning in self.facts["warnings"])
        return without_formulas(f"<p>{escape(self._summary_line())}</p>{self.counts.T.to_html()}{warnings}")

    def _summary_line(self) -> str:
        size, images = self.facts["size"], self.facts["images"]
        parts = ", ".join(f"{images[name] or 0:,} {name}" for name in ("train", "validation", "test"))
        shape = f"{size['channels']}x{size['height']}x{size['width']}"
        return f"{self.facts['name']}: {len(self.classes)} classes, images {shape}: {parts}"
