"""Markdown -> HTML and Typst: what each construct becomes, and that nothing of the text is interpreted."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
import typst

from ablate.analysis.author.text import AuthorText

ELEMENTS = {"p", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote", "a", "img", "table", "thead",
            "tbody", "tr", "th", "td", "br", "hr", "svg", "path", *(f"h{level}" for level in range(1, 7))}  # fmt: skip


def both(folder, body: str) -> tuple[str, str]:
    """The HTML and the Typst source of a section."""
    author = AuthorText(folder, body=f"## Methods\n\n{body}")
    (folder / "images").mkdir()
    for name, content in author.files.items():
        (folder / "images" / name).write_bytes(content)
    return str(author.html("Methods")), "\n\n".join(author.typst("Methods"))


def compiled(folder, source: str) -> object:
    """Compile a source, which fails if it is not valid."""
    (folder / "main.typ").write_text(source)
    return typst.compile(folder / "main.typ", format="svg", ignore_system_fonts=True)


@pytest.mark.parametrize(
    ("body", "html", "source"),
    [
        ("*a*", "<p><em>a</em></p>", '#emph[#"a"]'),
        ("**a**", "<p><strong>a</strong></p>", '#strong[#"a"]'),
        ("~~a~~", "<p><s>a</s></p>", '#strike[#"a"]'),
        ("`#a`", "<p><code>#a</code></p>", '#raw("#a")'),
        ("a\nb", "<p>a\nb</p>", '#"a"#" "#"b"'),
        ("a\\\nb", "<p>a<br>\nb</p>", '#"a"#linebreak()#"b"'),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>", '#list(tight: true, [#"a"], [#"b"])'),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>', '#enum(start: 3, tight: true, [#"a"])'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>", '#quote(block: true)[#"a"]'),
        ("[a](https://b.c)", '<p><a href="https://b.c">a</a></p>', '#link("https://b.c")[#"a"]'),
        ("<mailto:a@b.c>", '<p><a href="mailto:a@b.c">a@b.c</a></p>'.replace(">a@", ">mailto:a@"),
         '#link("mailto:a@b.c")[#"mailto:a@b.c"]'),
        ("```\na\n b\n```", "<pre><code>a\n b</code></pre>", '#raw(("a", " b",).join("\\n"), block: true)'),
        ("$5 and $10 <!-- c --> and \\$x\\$", "<p>$5 and $10  and $x$</p>", '#"$5 and $10 "#" and $x$"'),
    ],
)  # fmt: skip
def test_constructs(tmp_path, body, html, source):
    shown, typ = both(tmp_path, body)
    assert shown.strip() == html and typ == source
    compiled(tmp_path, typ)


def test_a_table_has_its_alignment(tmp_path):
    html, source = both(tmp_path, "| a | b |\n|:-:|--:|\n| *1* | 2 |\n| 3 |")
    assert '<td style="text-align:right">2</td>' in html
    assert "columns: 2, align: (center, right,)" in source and '[#emph[#"1"]], [#"2"], [#"3"], []' in source
    compiled(tmp_path, source)


@pytest.mark.parametrize(
    "body", ["|a|b\n|-\n|1", "|a|\n|--|--|\n", "|||\n", "|a|b|\n|-|-|\n|`|`|\\||[x](|)|", "a\n|-|"]
)
def test_a_broken_table_is_text(tmp_path, body):
    html, source = both(tmp_path, body)
    assert html and compiled(tmp_path, source)


@pytest.mark.parametrize("latex", [r"\frac{1}{n}\sum_{i=1}^n x_i", r"s_d/\sqrt n", "a<b", r"\hat y \pm 2"])
def test_formulas_are_drawn(tmp_path, latex):
    author = AuthorText(tmp_path, body=f"## Methods\n\nLet ${latex}$, so\n\n$$\n{latex}\n$$")
    html, source = str(author.html("Methods")), "\n\n".join(author.typst("Methods"))
    assert html.count("<svg") == source.count("#box(") == 2 and not author.warnings
    (tmp_path / "images").mkdir()
    for name, content in author.files.items():
        assert ElementTree.fromstring(content)[0].get("d")
        (tmp_path / "images" / name).write_bytes(content)
    compiled(tmp_path, source)


@pytest.mark.parametrize(
    "latex",
    [r"\unknown", "{", "{" * 300, r"\input{/etc/passwd}", "x" * 501, "猫", r"\frac{a}{" * 40 + "}" * 40, r"\x00",
     r"\begin{matrix}a\end{matrix}", "a_b_c"],
)  # fmt: skip
def test_formulas_that_cannot_be_drawn_are_code_with_a_warning(tmp_path, latex):
    author = AuthorText(tmp_path, body=f"## Methods\n\nLet ${latex}$.")
    assert "<code>" in author.html("Methods") and "#raw(" in author.typst("Methods")[0]
    (warning,) = author.warnings
    assert "is shown as code" in warning and len(warning) < 250


class Elements(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src")]


HOSTILE = [
    *('#import "x": *', '#read("/etc/passwd")', "$ #eval(1) $", '"#read("/etc/passwd")', '\\"#panic()', "#{panic()}"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b onclick=x>", "</main>", "&lt;script&gt;"),
    *("[a](javascript:alert(1))", "[a](JAVASCRIPT:alert(1))", "[a](data:text/html,x)", "[a](file:///etc/passwd)"),
    *("<javascript:alert(1)>", "[a](//evil.example)", '[a](https://a.b "onclick=x")', "![a](data:x)"),
    *('[a](https://a.b/"onclick="x)', "`</code><script>`", "```\n#read(1)\n</pre><script>\n```"),
    *("[a][b]\n\n[b]: javascript:x", "*#strong[a]*", "**]#panic()[**", "- ]#panic()[", "> ]\n> #panic()"),
    *("|a]|\n|-|\n|#panic()|", "\\#panic()", "a \\", "### ]#panic()", '![#panic()](x.png "\\")', '!["](x.png)'),
    *("// a", "/* a", "= a", "@a <a>", "#set page(width: 1pt)", "[\x00](https://a.b)", "$\x00$", "\u202eabc"),
    *("\x00a\x1b[2J\x07", "&#0;&#27;&#8238;", "`\x00`", "```\n\x00\x1b\n```"),
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_no_text_is_interpreted(tmp_path, body):
    html, source = both(tmp_path, body)
    page = Elements(html)
    assert page.names <= ELEMENTS and not any(name.startswith("on") for name in page.attributes)
    assert all(re.match("https?://|mailto:", link) for link in page.links)
    outside = re.sub(r'"(?:\\.|[^"\\])*"', '""', source)
    assert not re.search(r"#(import|read|eval|panic|set|\{)|\$", outside) and '"/etc' not in outside
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", html + source)


def test_typst_compiles_any_text(tmp_path):
    _, source = both(tmp_path, "\n\n".join(HOSTILE))
    assert "panic" in source and compiled(tmp_path, source)


def test_a_link_to_elsewhere_is_text_with_a_warning(tmp_path):
    author = AuthorText(tmp_path, body="## Methods\n\nSee [this *one*](javascript:alert(1)).")
    assert author.html("Methods") == "<p>See this <em>one</em>.</p>\n"
    assert author.warnings == [
        "report.md: the link to javascript:alert(1) is not shown, as it is not an http, https or mailto address."
    ]


@pytest.mark.parametrize("piece", ["> ", "- ", "* 1. "])
def test_what_is_nested_too_deeply_is_reported(tmp_path, piece):
    author = AuthorText(tmp_path, body="## Methods\n\n" + piece * 10_000 + "end")
    assert [text for text in author.warnings if "nested deeper than 10 levels is not shown" in text]
    compiled(tmp_path, "\n\n".join(author.typst("Methods")))
