"""Results -> the tables of the report, all of text for paper.

`effects.py`    the variants against the baseline
`factorial.py`  main effects, interactions, analysis of variance
`runs.py`       configurations, classes, failures
"""

from ablate.analysis.results import Results
from ablate.analysis.tables.comparison import IMAGES_NOTE, TESTS_NOTE, display, diverged, further_tests, images, main
from ablate.analysis.tables.factorial import ANOVA_NOTE, anova, contrasts
from ablate.analysis.tables.runs import changes, classes, failures
from ablate.analysis.tables.table import Table

__all__ = ["NAMES", "Table", "anova", "changes", "classes", "contrasts", "display", "diverged", "every", "failures",
           "further_tests", "images", "main"]  # fmt: skip

NAMES = ("effects", "changes", "tests", "contrasts", "anova", "classes", "images", "diverged", "failures")


def every(results: Results) -> dict[str, Table]:
    """The tables this study has, by the name of their file, one of `NAMES`."""
    runs, effects, labels = results.runs, results.effects, results.labels
    found = {"effects": main(effects, runs, results.margin)}
    if len(results.changes):
        found["changes"] = changes(results.changes, labels)
    if len(compared := further_tests(effects, runs)):
        rows = tuple(compared.index)
        found["tests"] = Table("Without the normal distribution", compared.reset_index(drop=True), TESTS_NOTE, rows)
    if results.contrasts is not None and results.anova is not None:
        crossed = (results.contrasts["kind"] == "interaction").any()
        title = "Main effects and interactions" if crossed else "Main effects"
        found["contrasts"] = Table(title, contrasts(results.contrasts))
        found["anova"] = Table("Analysis of variance", anova(results.anova), ANOVA_NOTE)
    if results.classes is not None:
        rows = tuple(results.classes.index)
        found["classes"] = Table("Accuracy on each class", classes(results.classes, labels), variants=rows)
    if results.crossed:
        rows = tuple(results.crossed)
        found["images"] = Table(
            "Differences over seeds and images", images(effects, results.crossed, labels), IMAGES_NOTE, rows
        )
    if (runs["status"] == "diverged").any():
        found["diverged"] = diverged(effects, runs)
    if (runs["status"] != "completed").any():
        lost = runs.loc[runs["status"] != "completed", "variant"]
        found["failures"] = Table("Not completed", failures(runs), variants=tuple(lost))
    return found
