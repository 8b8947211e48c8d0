"""Figures by name, each drawn when it is asked for; a notebook shows them."""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Figures(Mapping[str, "Figure"]):
    """Figures by name, from what draws each."""

    def __init__(self, drawing: Mapping[str, Callable[[], "Figure"]]) -> None:
        self.drawing = drawing

    def __getitem__(self, name: str) -> "Figure":
        """Draw it."""
        figure = self.drawing[name]()
        figure._repr_png_ = partial(_png, figure)  # type: ignore[attr-defined]  # a notebook shows pyplot's alone
        return figure

    def __iter__(self) -> Iterator[str]:
        return iter(self.drawing)

    def __len__(self) -> int:
        return len(self.drawing)

    def __repr__(self) -> str:
        """Their names."""
        return f"Figures({', '.join(self.drawing)})"


def _png(figure: "Figure") -> bytes:
    import matplotlib

    from ablate.analysis.figures import STYLE

    with matplotlib.rc_context(STYLE):
        figure.savefig(content := io.BytesIO(), format="png", dpi=120)
    return content.getvalue()
