"""report.md: its title, its sections and their order; what cannot be read."""

import time

import pytest

from ablate.analysis.author import safe_tokens, text
from ablate.terminal.errors import InputError

KNOWN = list(text.SECTIONS)


@pytest.fixture
def read(tmp_path):
    """read(content) -> the text of a report.md with this content."""

    def read(content: str | bytes) -> text.AuthorText:
        (tmp_path / "report.md").write_bytes(content.encode() if isinstance(content, str) else content)
        return text.read(tmp_path)

    return read


def test_no_file_and_the_template_have_no_words(tmp_path, read):
    assert text.read(tmp_path).sections == KNOWN and text.read(tmp_path).title == ""
    template = read(text.TEMPLATE.format(title="My study"))
    assert template.title == "My study" and not template.has_words and template.sections == KNOWN
    assert read(text.TEMPLATE.format(title="My study") + "\nWords.").has_words


@pytest.mark.parametrize(
    ("headings", "order"),
    [
        (["Methods", "Related work"], [*KNOWN[:2], "Related work", *KNOWN[2:]]),
        (["Related work", "Methods"], ["Introduction", "Related work", *KNOWN[1:]]),
        (["CONCLUSION", "Thanks", "Data"], [*KNOWN, "Thanks", "Data"]),
        (["Discussion"], [*KNOWN[:3], "Discussion", "Conclusion"]),
        (["Methods", "B", "A", "Methods", "C"], [*KNOWN[:2], "B", "A", "C", *KNOWN[2:]]),
    ],
)
def test_further_sections_stay_where_the_author_put_them(read, headings, order):
    author = read("# Title\n\n" + "".join(f"## {name}\n\nText of *{name}*.\n\n" for name in headings))
    assert author.sections == order
    for name in {heading for heading in headings if heading in order}:
        assert f"Text of <em>{name}</em>." in author.html(name) and '#emph[#"' in "".join(author.typst(name))


def test_text_above_all_sections_comes_first(read):
    author = read("# Title\n\nAbstract.\n\n## Introduction\n\nMore.\n\n### Part\n\nEnd.\n\n# Further\n\nx")
    assert author.title == "Title" and author.sections == ["", "Introduction", "Further", *KNOWN[1:]]
    assert author.html("") == "<p>Abstract.</p>\n" and "<h3>Part</h3>" in author.html("Introduction")


def test_a_heading_in_a_list_or_quote_is_no_section(read):
    author = read("## Methods\n\n> ## Quoted\n\n- ## Listed\n")
    assert author.sections == KNOWN and "Quoted" in author.html("Methods") and "Listed" in author.html("Methods")


def test_a_byte_order_mark_and_line_endings_of_windows(read):
    assert read(b"\xef\xbb\xbf# Title\r\n\r\n## Methods\r\n\r\nText.\r\n").html("Methods") == "<p>Text.</p>\n"


@pytest.mark.parametrize("content", ["# Title".encode("utf-16"), b"# Caf\xe9", b"\xff" * 100, b"# a\xed\xa0\x80"])
def test_text_that_is_not_utf8_is_refused(read, content):
    with pytest.raises(InputError, match="report.md is not UTF-8"):
        read(content)


@pytest.mark.parametrize("size", [text.LARGEST + 1, 5 * 2**20])
def test_a_large_file_is_refused(read, size):
    with pytest.raises(InputError, match=r"report.md has [\d,]+ bytes, more than the limit"):
        read("a" * size)


@pytest.mark.parametrize("part", ["a\n\n", "### a\n\n", "- a\n", "*a* ", "`a` ", "> a\n\n"])
def test_text_of_many_parts_is_refused(read, part):
    with pytest.raises(InputError, match=r"report.md has [\d,]+ parts .* more than the limit of 10,000. Shorten it"):
        read(part * (text.LARGEST // len(part)))
    assert read(part * 1000).html("")


def test_what_is_not_a_file_is_refused(tmp_path):
    (tmp_path / "report.md").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        text.read(tmp_path)


def test_headings_after_the_most_sections_are_part_of_the_last(read):
    author = read("".join(f"## Part {k}\n\nText {k}\n\n" for k in range(2 * text.MOST_SECTIONS)))
    assert len(author.sections) == text.MOST_SECTIONS + len(KNOWN)
    last = f"Part {text.MOST_SECTIONS - 1}"
    assert author.html(last).count("<h2>") == text.MOST_SECTIONS and "Text 199" in author.typst(last)[-1]


@pytest.mark.parametrize("piece", ["[", "![a](", "- ", ">", "*a ", "$a ", "`", "<!--", "$$\n", "[a]: b\n", "|-\n", "("])
def test_any_text_is_read_in_bounded_time(read, piece):
    started = time.perf_counter()
    try:
        author = read("## Methods\n\n" + piece * 10_000)
        shown = author.html("Methods"), author.typst("Methods")
    except InputError as error:
        shown = error
    assert time.perf_counter() - started < 20 and shown is not None


@pytest.mark.parametrize(
    ("formulas", "drawn"),
    [("$x$ " * (safe_tokens.MOST_FORMULAS + 5), safe_tokens.MOST_FORMULAS), (f"$x{' ' * 300}y$ " * 70, 66)],
)
def test_formulas_beyond_the_limits_are_shown_as_code(read, formulas, drawn):
    author = read(f"## Methods\n\n{formulas}")
    assert author.html("Methods").count("<svg ") == drawn and "<code>" in author.html("Methods")
    assert len(author.warnings) == 1 and "the further ones are shown as code" in author.warnings[0]
