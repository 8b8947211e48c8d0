"""The two-page report: the Typst source of report.pdf, with the author's text from `report.md`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ablate.analysis import tables
from ablate.analysis.author.to_typst import string
from ablate.analysis.figures import captions
from ablate.analysis.report.factor_sentences import factor_effects
from ablate.analysis.report.layout import COLUMN, GAP, GUTTER, ROWS, SIZES, WIDE, Heights, Layout, left
from ablate.analysis.report.limits import provenance
from ablate.analysis.report.methods import methods, question
from ablate.analysis.report.pair_sentences import all_pairs
from ablate.analysis.report.pdf_parts import figures, is_wide, main_table, other_test_sets, test_table
from ablate.analysis.report.verdict_sentences import interaction, verdicts
from ablate.analysis.results import Results

LAST = "Conclusion"  # from this section on, text is in the second group of columns
STYLE = f"""#set document(date: none)
#set page("a4", margin: (x: 1.7cm, top: 1.6cm, bottom: 1.4cm))
#set columns(gutter: {GUTTER}cm)
#set text(9pt)
#set par(justify: true, leading: 0.55em, spacing: 0.75em)
#set block(spacing: {GAP}cm)
#show heading: set text(11pt)
#show heading: set block(above: 1em, below: 0.6em)
#show table: set text(8pt)
#show table: set par(justify: false)
#show figure: set block(breakable: false)
#show figure.caption: set text(8pt)
#show figure.caption: set par(leading: 0.5em)
#show figure.caption: it => align(left, it)
#set figure(gap: 0.6em)
"""


class Parts(NamedTuple):
    """Typst content of the parts of the report; text as one string, tables by their number of variants."""

    title: str
    first: str
    last: str
    table: dict[int, str]
    test_table: str
    other_tests: tuple[str, ...]  # as a table and as a line; empty if there are none
    figures: dict[str, str]
    foot: str
    wide: frozenset[str]  # figures that are wider than a column


def parts(results: Results, paragraphs: Mapping[str, list[str]], limits: Sequence[str], folder: Path) -> Parts:
    """Write the parts of the report as Typst content, before they are arranged.

    Args:
        results: The results of the study.
        paragraphs: {section: its generated paragraphs}, from `generated_text`.
        limits: Sentences on the limits of the study, for the foot of the last page.
        folder: the report, with the figures as SVG.
    """
    plan, author = results.plan, results.author
    texts = {}
    for name in author.sections:
        blocks = [*author.typst(name), *(_text(paragraph) for paragraph in paragraphs.get(name, []))]
        texts[name] = "\n\n".join([*([f"= {_text(name)}"] if name else []), *blocks]) if blocks else ""
    late = author.sections[author.sections.index(LAST) :]
    title = f'#align(center, text(15pt, weight: "bold", {string(author.title or plan.name)}))'
    drawn = {path.stem: path for path in sorted((folder / "figures").glob("*.svg"))}
    foot = " ".join([*limits, provenance(plan, results.runs)])
    return Parts(
        title=title,
        first="\n\n".join(filter(None, (text for name, text in texts.items() if name not in late))),
        last="\n\n".join(filter(None, (text for name, text in texts.items() if name in late))),
        table={rows: main_table(results, rows) for rows in ROWS},
        test_table=test_table(results),
        other_tests=other_test_sets(results),
        figures=figures(drawn, captions(results)),
        foot=f"#line(length: 100%, stroke: 0.4pt)\n#text(7.5pt, {string(foot)})",
        wide=frozenset(name for name, path in drawn.items() if is_wide(path)),
    )


def measuring_source(content: Parts) -> str:
    """Typst source whose metadata `<heights>` are the heights of the parts in cm."""

    def height(text: str, width: float, size: float = 9.0) -> str:
        return f"measure(block(width: {width}cm, [#set text({size}pt)\n{text}])).height / 1cm" if text else "0.0"

    texts = {name: getattr(content, name) for name in ("first", "last")}
    heights = {f"{name} {size}": height(text, COLUMN, size) for name, text in texts.items() for size in SIZES}
    heights |= {name: height(getattr(content, name), WIDE) for name in ("title", "test_table", "foot")}
    heights |= {f"table {rows}": height(text, WIDE) for rows, text in content.table.items()}
    heights |= {f"other tests {place}": height(text, WIDE) for place, text in enumerate(content.other_tests)}
    heights |= {
        f"figure {name}": height(text, WIDE if name in content.wide else COLUMN)
        for name, text in content.figures.items()
    }
    entries = ", ".join(f"{string(name)}: {text}" for name, text in heights.items())
    return f"{STYLE}\n#context [#metadata(({entries})) <heights>]\n"


def heights(content: Parts, measured: Mapping[str, float]) -> Heights:
    """The heights of the parts, from the metadata of `measuring_source`."""
    return Heights(
        title=measured["title"],
        first={size: measured[f"first {size}"] for size in SIZES},
        last={size: measured[f"last {size}"] for size in SIZES},
        table={rows: measured[f"table {rows}"] for rows in content.table},
        test_table=measured["test_table"],
        other_tests=tuple(measured[f"other tests {place}"] for place in range(len(content.other_tests))),
        foot=measured["foot"],
        figures={name: measured[f"figure {name}"] for name in content.figures},
        wide=content.wide,
    )


def typst_source(content: Parts, layout: Layout, known: Heights, slack: float = 0.0) -> str:
    """Write the Typst source of the report.

    Args:
        content: the parts.
        layout: how they are arranged.
        known: their heights.
        slack: cm by which the columns of text are longer than estimated.
    """

    def group(text: str, names: Sequence[str], height: float, text_height: float, breakable: str) -> str:
        body = [f"#[#set text({layout.size}pt)\n{text}]" if text else "", *(content.figures[name] for name in names)]
        before = left(text_height, [known.figures[name] + GAP for name in names])
        if before is not None:
            body.insert(before + 1, "#colbreak()")
        inside = "\n\n".join([*filter(None, body), END])
        block = f"#block(height: {height + slack:.2f}cm, breakable: {breakable}, columns(2)[\n{inside}\n])\n{AFTER}"
        return block if text or names else ""

    pairs = [", ".join(f"[{content.figures[name]}]" for name in pair) for pair in layout.curves]
    rows = [
        content.title,
        group(content.first, layout.first, layout.group[0], known.first[layout.size], "true"),
        content.table[layout.rows],
        content.test_table,
        *content.other_tests[layout.other_tests : layout.other_tests + 1],
        *(f"#grid(columns: ({COLUMN}cm, {COLUMN}cm), gutter: {GUTTER}cm, {pair})" for pair in pairs),
        group(content.last, layout.second, layout.group[1], known.last[layout.size], "false"),
        *(content.figures[name] for name in layout.wide),
        f"#block(breakable: false)[\n{content.foot}\n]",
        "#context [#metadata(here().page()) <last>]",
    ]
    return "\n\n".join([STYLE, *filter(None, rows)]) + "\n"


END, AFTER = (f"#context [#metadata((here().page(), here().position().y / 1cm)) <{name}>]" for name in ("end", "after"))


def generated_text(results: Results, notes: Sequence[str]) -> dict[str, list[str]]:
    """Write the generated paragraphs of each section.

    Args:
        results: The results of the study.
        notes: Sentences on incomplete runs and mixed code, for the section on experiments.

    Returns:
        {section: paragraphs}, for each of `author.text.SECTIONS`.
    """
    if results.search is not None and results.only_trials:
        answers = [tables.best_trial(results.search, results.format)]
    else:
        answers = verdicts(results.effects, results.runs, results.format)
    return {
        "Introduction": [question(results.plan)],
        "Methods": methods(results),
        "Experiments and analysis": [
            *answers,
            *interaction(results.contrasts, results.format),
            *factor_effects(results),
            *all_pairs(results),
            *notes,
        ],
        "Conclusion": [],
    }


def _text(text: str) -> str:
    """Typst content that shows a text as it is, without interpreting markup."""
    return f"#{string(text)}"
