"""The console of every command: shows all text as it is."""

from collections.abc import Iterable
from typing import IO, Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from ablate.terminal.output import text_lines
from ablate.terminal.wrap import breaks


class Console(rich.console.Console):
    """A console that shows all text as it is: no markup, no emoji codes, no colored numbers, no control characters."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    @property
    def file(self) -> IO[str]:
        """The stream below all proxies: rich removes one, and a live bar adds its own above `output.Escaping`."""
        stream = super().file
        while (below := getattr(stream, "rich_proxied_file", stream)) is not stream:
            stream = below
        return stream

    @file.setter
    def file(self, stream: IO[str]) -> None:
        self._file = stream

    def on_broken_pipe(self) -> None:
        """Raise the error, for which rich ends the process with status 1: see `run_command`."""
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with long lines broken by `wrap`, and the control characters of the content escaped."""
        options = options or self.options
        if isinstance(renderable, str):
            renderable = self.render_str(renderable)
        if isinstance(renderable, Text) and not (renderable.no_wrap or options.no_wrap):
            renderable = broken(renderable, options.max_width)
        for segment in super().render(renderable, options):
            safe = segment.control or segment.text.isprintable()
            yield segment if safe else segment._replace(text=text_lines(segment.text))


def broken(text: Text, width: int) -> Text:
    """The text with line breaks, so that no line has more than `width` columns."""
    offsets, start = [], 0
    for line in text.plain.split("\n"):
        offsets += [start + offset for offset in breaks(line, width)]
        start += len(line) + 1
    return text.blank_copy("\n").join(text.divide(offsets)) if offsets else text


class Terminal(Console):
    """A console on stderr that outlives its reader, such as `|& head` or a `tee` that was killed."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Stop printing, instead of ending the process as rich does by default."""
        self.quiet = True
