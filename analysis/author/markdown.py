"""Markdown -> tokens: CommonMark with tables, strikethrough, math (`$...$`, `$$...$$`) and comments, without HTML."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

NESTING = 10  # levels of lists, quotes and emphasis
COMMENT = ("<!--", "-->")


def parse(text: str) -> list[Token]:
    """Parse Markdown. HTML is text; comments are dropped; content below `NESTING` levels is dropped, too."""
    return _parser().parse(text)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # addresses are checked in `safe_tokens`
    before: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "comment", _comment_block, before)
    parser.block.ruler.before("fence", "math_block", _math_block, before)
    parser.inline.ruler.before("escape", "math", _math)
    parser.inline.ruler.before("escape", "comment", _comment)
    return parser


def _comment_block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """A comment that starts a line and may extend over several ones, also empty ones."""
    last = _closing_line(state, first, end, *COMMENT)
    if last is None or silent:
        return last is not None
    state.line = last + 1
    return True


def _math_block(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    """`$$` at the start of a line, a formula, and `$$` at the end of the same or a later line."""
    last = _closing_line(state, first, end, "$$", "$$")
    if last is None or silent:
        return last is not None
    token = state.push("math_block", "", 0)
    token.content = state.getLines(first, last + 1, state.blkIndent, False).strip().strip("$").strip()
    token.map = [first, last + 1]
    state.line = last + 1
    return True


def _closing_line(state: StateBlock, first: int, end: int, opening: str, closing: str) -> int | None:
    """The line that ends with `closing`, of a block that starts with `opening` in the line `first`; None if none."""
    start = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or not state.src.startswith(opening, start):
        return None
    unclosed = state.env.setdefault(f"no {closing} after", len(state.src))  # so that a search is not repeated
    start += len(opening)
    for line in range(first, end if first < unclosed else first):
        if state.sCount[line] < state.blkIndent and line > first:
            return None  # the end of the list or quote that contains it
        rest = state.src[max(start, state.bMarks[line]) : state.eMarks[line]].rstrip()
        if rest.endswith(closing):
            return line
        if closing in rest:
            return None  # text after it: not a block of its own
    state.env[f"no {closing} after"] = min(first, unclosed)
    return None


def _math(state: StateInline, silent: bool) -> bool:
    """`$x$` or `$$x$$`. No space next to a single `$` inside, no digit after it: `$5 and $10` are prices."""
    start, text = state.pos, state.src
    if text[start] != "$":
        return False
    mark = "$$" if text.startswith("$$", start) else "$"
    first = start + len(mark)
    last = _end(state, first, mark)
    content = text[first:last]
    if last < 0 or not content.strip():
        return False
    after = text[last + len(mark) : last + len(mark) + 1]
    if mark == "$" and (content[0].isspace() or content[-1].isspace() or after.isdigit()):
        return False
    return _push(state, silent, "math_inline", content, last + len(mark))


def _comment(state: StateInline, silent: bool) -> bool:
    opening, closing = COMMENT
    if not state.src.startswith(opening, state.pos):
        return False
    last = _end(state, state.pos + len(opening), closing)
    return last >= 0 and _push(state, silent, "comment", "", last + len(closing))


def _end(state: StateInline, first: int, closing: str) -> int:
    """The position of the next `closing` that no backslash precedes; -1 if there is none."""
    if state.env.get(f"no {closing} in") == state.src:
        return -1
    place = state.src.find(closing, first, state.posMax)
    while place > 0 and state.src[place - 1] == "\\":
        place = state.src.find(closing, place + 1, state.posMax)
    if place < 0 and state.posMax == len(state.src):
        state.env[f"no {closing} in"] = state.src
    return place


def _push(state: StateInline, silent: bool, kind: str, content: str, end: int) -> bool:
    if not silent:
        state.push(kind, "", 0).content = content
    state.pos = end
    return True
