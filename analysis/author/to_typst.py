"""Checked tokens -> Typst. Every text becomes a string literal, so that none of it is interpreted."""

from collections.abc import Callable, Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from ablate.terminal.text import printable

FOLDER = "images"  # of the images and formulas, next to report.typ


def string(text: str) -> str:
    """A Typst string literal; Typst fails on some control characters."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_typst(tokens: Sequence[Token]) -> list[str]:
    """Render tokens of `safe_tokens.check`: the source of each block."""
    return [_node(block) for block in SyntaxTreeNode(tokens).children] if tokens else []


def _node(node: SyntaxTreeNode) -> str:
    return RULES[node.type](node)


def _inside(node: SyntaxTreeNode, separator: str = "") -> str:
    return separator.join(_node(child) for child in node.children)


def _call(function: str) -> Callable[[SyntaxTreeNode], str]:
    return lambda node: f"#{function}[{_inside(node)}]"


def _paragraph(node: SyntaxTreeNode) -> str:
    """A paragraph; one that is an image alone is a figure, with the title or the alternative text as caption."""
    (inline,) = node.children
    if len(inline.children) == 1 and inline.children[0].type == "image":
        image = inline.children[0]
        caption = str(image.attrs["title"] or image.attrs["alt"])
        return f"#figure({_image(image)[1:]}, caption: {string(caption) if caption else 'none'})"
    return _inside(inline)


def _heading(node: SyntaxTreeNode) -> str:
    return f"#heading(level: {max(2, int(node.tag[1]) - 1)}, numbering: none, outlined: false)[{_inside(node)}]"


def _list(node: SyntaxTreeNode) -> str:
    start = f"start: {node.attrs.get('start', 1)}, " if node.type == "ordered_list" else ""
    tight = "true" if any(child.hidden for item in node.children for child in item.children) else "false"
    items = ", ".join(f"[{_inside(item, chr(10) * 2)}]" for item in node.children)
    return f"#{'enum' if start else 'list'}({start}tight: {tight}, {items})"


def _table(node: SyntaxTreeNode) -> str:
    rows = [row for part in node.children for row in part.children]
    cells = [[f"[{_inside(cell)}]" for cell in row.children] for row in rows]
    styles = [str(cell.attrs.get("style", "")).rpartition(":")[2] for cell in rows[0].children]
    align = ", ".join(style if style in ("left", "center", "right") else "left" for style in styles)
    body = "".join(f", {cell}" for row in cells[1:] for cell in row)
    return (
        f"#table(columns: {len(cells[0])}, align: ({align},), stroke: none, table.hline(),"
        f" table.header({', '.join(cells[0])}), table.hline(stroke: 0.5pt){body}, table.hline())"
    )


def _image(node: SyntaxTreeNode) -> str:
    return f'#image("{FOLDER}/{node.attrs["src"]}", alt: {string(str(node.attrs["alt"]))})'


def _formula(node: SyntaxTreeNode) -> str:
    drawn = node.meta["formula"]
    image = f'image("{FOLDER}/{drawn.name}", width: {drawn.width:.3f}em, alt: {string(node.content)})'
    return f"#box(baseline: {drawn.depth:.3f}em, {image})"


def _code(node: SyntaxTreeNode) -> str:
    # `printable` would escape the line breaks that the code has, so each line is a string of its own.
    lines = ", ".join(string(line) for line in node.content.rstrip("\n").split("\n"))
    return f'#raw(({lines},).join("\\n"), block: true)'


RULES: dict[str, Callable[[SyntaxTreeNode], str]] = {
    "inline": _inside,
    "text": lambda node: f"#{string(node.content)}" if node.content else "",
    "softbreak": lambda node: '#" "',
    "hardbreak": lambda node: "#linebreak()",
    "code_inline": lambda node: f"#raw({string(node.content)})",
    "em": _call("emph"),
    "strong": _call("strong"),
    "s": _call("strike"),
    "link": lambda node: f"#link({string(str(node.attrs['href']))})[{_inside(node)}]",
    "image": _image,
    "math_inline": _formula,
    "math_block": lambda node: f"#align(center, [{_formula(node)}])",
    "paragraph": _paragraph,
    "heading": _heading,
    "bullet_list": _list,
    "ordered_list": _list,
    "blockquote": lambda node: f"#quote(block: true)[{_inside(node, chr(10) * 2)}]",
    "fence": _code,
    "code_block": _code,
    "hr": lambda node: "#line(length: 100%, stroke: 0.5pt)",
    "table": _table,
}
