"""`ablate data` as a function: what would be trained on, as frames, images and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.api.figures import Figures
from ablate.api.overrides import words
from ablate.api.paths import Place
from ablate.api.resolve import in_plain_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ablate.commands.data.summarize import DataSummary
    from ablate.data.images import Images
    from ablate.data.streamed import Pixels


def look(*overrides: str, config_dir: Place | None = None, **settings: Any) -> "Data":
    """The data that `train` with the same arguments would train on: `ablate data`, whose files it does not write.

    `look(data="digits").figures["classes"]` shows images of each class, `seed=1` others. No test label is read.

    Raises:
        InputError: the configuration could not be trained, or the data cannot be loaded.
    """
    with in_plain_words():
        from ablate.commands.data.summarize import look

        return Data(look(words(overrides, settings), Path(config_dir) if config_dir is not None else None))


@dataclass(frozen=True, eq=False)
class Data:
    """The data that `look` describes."""

    summary: "DataSummary"

    @property
    def facts(self) -> dict[str, Any]:
        """All that is known of them, the content of data.json: sizes, mean and std, copies, warnings."""
        return self.summary.facts

    @property
    def counts(self) -> "pd.DataFrame":
        """Images: a row a class; columns train, validation."""
        import pandas as pd

        return pd.DataFrame.from_dict(self.facts["classes"], orient="index", dtype=int).rename_axis("class")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return self.summary.data.classes

    @property
    def train(self) -> "Images":
        """The part that is trained on: `images` uint8 (N, C, H, W), `labels` int64 (N,)."""
        return self.summary.data.train

    @property
    def validation(self) -> "Images":
        """The part that is validated on, likewise."""
        return self.summary.data.val

    @property
    def test(self) -> "Pixels | None":
        """Test images, uint8 (N, C, H, W), without the labels, which `ablate.test` alone reads; None without any."""
        return self.summary.test

    @property
    def figures(self) -> "Mapping[str, Figure]":
        """`classes`, images of each; `augmentations`, the same images under each option."""
        from ablate.analysis.figures import samples

        return Figures({name: partial(samples, grid.rows, grid.titles) for name, grid in self.summary.pictures.items()})

    def __repr__(self) -> str:
        """In a line."""
        return f"Data({self._counted()})"

    def _repr_html_(self) -> str:
        from html import escape

        warnings = "".join(f"<p>{escape(warning)}</p>" for warning in self.facts["warnings"])
        return f"<p>{escape(self._counted())}</p>{self.counts.T.to_html()}{warnings}"

    def _counted(self) -> str:
        size, images = self.facts["size"], self.facts["images"]
        parts = ", ".join(f"{images[name] or 0:,} {name}" for name in ("train", "validation", "test"))
        shape = f"{size['channels']}x{size['height']}x{size['width']}"
        return f"{self.facts['name']}: {len(self.classes)} classes, images {shape}: {parts}"
