"""Write report.typ and report.pdf: the layout whose parts fit two pages."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ablate.analysis.author import text as author_text
from ablate.analysis.author import to_typst
from ablate.analysis.report import layout, pdf_source
from ablate.analysis.results import Results
from ablate.files import atomic

SHORTER = 4  # cm: a page is taken to be up to this much shorter if a layout needs more pages than estimated
SLACKS = (0, 1, 3, 6, 12)  # cm that are tried for columns of text with parts that do not break, such as images
IMAGE_NAME = re.compile(r"[0-9a-f]{16}\.(?:svg|png|jpeg)")


def write_pdf(results: Results, notes: Sequence[str], limits: Sequence[str]) -> list[str]:
    """Write report.typ and report.pdf, and a template report.md if the author has not written one.

    Drops rows and figures until the report fits `layout.PAGES` pages.

    Returns:
        A warning if the author's text is too long for that, and one on chosen figures that are not shown.
    """
    import typst

    source = results.home / "report" / "report.typ"
    if not (author := results.home / author_text.FILE).exists():
        atomic.write_text(author, author_text.TEMPLATE.format(title=results.plan.name))
    _write_images(source.with_name(to_typst.FOLDER), results.author.files)
    content = pdf_source.parts(results, pdf_source.generated_text(results, notes), limits, source.parent)
    chosen = results.author.settings.figures
    if chosen is not None:
        content = content._replace(figures={name: text for name, text in content.figures.items() if name in chosen})
    atomic.write_text(source, pdf_source.measuring_source(content))
    heights = pdf_source.heights(content, json.loads(typst.query(source, "<heights>", field="value", one=True)))
    for shorter in range(SHORTER):
        size = layout.fitting(replace(heights, page=layout.PAGE - shorter))
        count = _set(source, content, size, heights)
        if count <= layout.PAGES or size.pages > layout.PAGES:
            break
    # A fixed timestamp, so that the same runs give the same bytes.
    atomic.write_bytes(source.with_suffix(".pdf"), typst.compile(source, timestamp=0))
    warnings = []
    if lacking := [name for name in chosen or () if name not in size.figures]:
        warnings.append(
            f"report.pdf omits {', '.join(lacking)}: not available in this study, or no space on two pages."
        )
    if count > layout.PAGES:
        warnings.append(
            f"report.pdf has {count} pages instead of {layout.PAGES}, because the text of {author} is too long."
        )
    return warnings


def _set(source: Path, content: pdf_source.Parts, chosen: layout.Layout, heights: layout.Heights) -> int:
    """Write report.typ with columns that are long enough for their text, and return its number of pages."""
    import typst

    for slack in SLACKS:
        atomic.write_text(source, pdf_source.typst_source(content, chosen, heights, slack))
        ends, afters = (json.loads(typst.query(source, f"<{name}>", field="value")) for name in ("end", "after"))
        if all(end <= after for end, after in zip(ends, afters, strict=True)):
            break
    return int(json.loads(typst.query(source, "<last>", field="value", one=True)))


def _write_images(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the author's images and formulas, and delete those of an earlier report."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files and IMAGE_NAME.fullmatch(path.name):
            path.unlink()
    for name, content in files.items():
        atomic.write_bytes(folder / name, content)
