"""The console of every command: shows all text as it is."""

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from ablate.terminal.output import text_lines


class Console(rich.console.Console):
    """A console that shows all text as it is: no markup, no emoji codes, no colored numbers, no control characters."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with the control characters of the content escaped."""
        for segment in super().render(renderable, options):
            safe = segment.control or segment.text.isprintable()
            yield segment if safe else segment._replace(text=text_lines(segment.text))


class Terminal(Console):
    """A console on stderr that outlives its reader, such as `|& head` or a `tee` that was killed."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Stop printing, instead of ending the process as rich does by default."""
        self.quiet = True
