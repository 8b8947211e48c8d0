"""Checked tokens -> HTML."""

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

MIME = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}


class Renderer(RendererHTML):
    """CommonMark's HTML, in which images are part of the page and formulas are SVG in the color of the text."""

    def __init__(self, files: Mapping[str, bytes]):
        super().__init__()
        self.files = files

    def image(self, tokens: Sequence[Token], position: int, options: OptionsDict, env: Any) -> str:
        """An image as a data URL, which no request is needed for and in which scripts do not run."""
        attrs = tokens[position].attrs
        name = str(attrs["src"])
        data = base64.b64encode(self.files[name]).decode()
        alt, title = (html.escape(str(attrs[key])) for key in ("alt", "title"))
        shown = f' title="{title}"' if title else ""
        return f'<img src="data:{MIME[name.rpartition(".")[2]]};base64,{data}" alt="{alt}"{shown}>'

    def math_inline(self, tokens: Sequence[Token], position: int, options: OptionsDict, env: Any) -> str:
        """A formula in a line, on its baseline."""
        drawn = tokens[position].meta["formula"]
        label = html.escape(tokens[position].content)
        size = f"width:{drawn.width:.3f}em;height:{drawn.height:.3f}em;vertical-align:{-drawn.depth:.3f}em"
        svg = drawn.svg.replace("<svg ", f'<svg class="formula" role="img" aria-label="{label}" style="{size}" ', 1)
        return str(svg.replace("<path ", '<path fill="currentColor" ', 1))

    def math_block(self, tokens: Sequence[Token], position: int, options: OptionsDict, env: Any) -> str:
        """A formula on a line of its own."""
        formula = self.math_inline(tokens, position, options, env)
        return f'<p class="formula" style="text-align:center">{formula}</p>\n'


def to_html(tokens: Sequence[Token], files: Mapping[str, bytes]) -> Markup:
    """Render tokens of `safe_tokens.check`, with the images in `files`."""
    options = MarkdownIt("commonmark", {"xhtmlOut": False}).options
    return Markup(Renderer(files).render(tokens, options, {}))
