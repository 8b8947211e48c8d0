"""A mapping of figures that are drawn on access and displayed by notebooks."""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Figures(Mapping[str, "Figure"]):
    """Figures by name, drawn on access.

    Args:
        draw: {name: function that draws the figure}.
    """

    def __init__(self, draw: Mapping[str, Callable[[], "Figure"]]) -> None:
        self.draw = draw

    def __getitem__(self, name: str) -> "Figure":
        """Draw the figure."""
        figure = self.draw[name]()
        figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]  # notebooks only display pyplot's figures
        return figure

    def __iter__(self) -> Iterator[str]:
        return iter(self.draw)

    def __len__(self) -> int:
        return len(self.draw)

    def __repr__(self) -> str:
        """The names of the figures."""
        return f"Figures({', '.join(self.draw)})"


def _png(figure: "Figure") -> bytes:
    import matplotlib

    from ablate.analysis.figures.style import STYLE, make_drawable

    make_drawable(figure)
    with matplotlib.rc_context(STYLE):
        figure.savefig(content := io.BytesIO(), format="png", dpi=120)
    return content.getvalue()
