"""Results -> the tables of the report, as text.

`main_table.py`     the variants against the baseline
`further_tests.py`  the same under other assumptions: sign flips, other images, diverged runs at chance
`factorial.py`      main effects, interactions, analysis of variance, shares of the sum of squares
`test_set.py`       accuracy on the test set
`secondary.py`      secondary metrics
`runs.py`           configurations, classes, runs that are not completed
"""

from ablate.analysis.results import Results
from ablate.analysis.tables.factorial import ANOVA_NOTE, anova, contrasts, contrasts_note, shares, shares_note
from ablate.analysis.tables.further_tests import IMAGES_NOTE, TESTS_NOTE, diverged, further_tests, images
from ablate.analysis.tables.main_table import EQUIVALENCE, display, main
from ablate.analysis.tables.runs import changes, classes, failures
from ablate.analysis.tables.secondary import secondary
from ablate.analysis.tables.table import Table
from ablate.analysis.tables.test_set import test_set
from ablate.runs.metric import named

__all__ = ["EQUIVALENCE", "NAMES", "Table", "anova", "changes", "classes", "contrasts", "display", "diverged", "every",
           "failures", "further_tests", "images", "main", "secondary", "shares", "test_set"]  # fmt: skip

NAMES = (
    "effects",
    "test",
    "secondary",
    "changes",
    "tests",
    "contrasts",
    "anova",
    "shares",
    "classes",
    "images",
    "diverged",
    "failures",
)


def every(results: Results) -> dict[str, Table]:
    """The tables this study has, by the name of their file, one of `NAMES`."""
    runs, effects, labels = results.runs, results.effects, results.labels
    by_name = {"effects": main(effects, runs, results.format)}
    if tested := test_set(results.usage, labels):
        by_name["test"] = tested
    if results.plan.secondary and (
        further := secondary(runs, [named(name) for name in results.plan.secondary], labels)
    ):
        by_name["secondary"] = further
    if len(results.changes):
        by_name["changes"] = changes(results.changes, labels)
    if len(compared := further_tests(effects, runs, results.metric)):
        rows = tuple(compared.index)
        by_name["tests"] = Table(
            "Tests without a normality assumption", compared.reset_index(drop=True), TESTS_NOTE, rows
        )
    if results.contrasts is not None and results.anova is not None and results.shares is not None:
        crossed = (results.contrasts["kind"] == "interaction").any()
        title = "Main effects and interactions" if crossed else "Main effects"
        by_name["contrasts"] = Table(
            title, contrasts(results.contrasts, results.format), contrasts_note(results.contrasts)
        )
        by_name["anova"] = Table("Analysis of variance", anova(results.anova, results.format), ANOVA_NOTE)
        by_name["shares"] = Table("Shares of the sum of squares", shares(results.shares), shares_note(results.shares))
    if results.classes is not None:
        rows = tuple(results.classes.index)
        by_name["classes"] = Table("Accuracy on each class", classes(results.classes, labels), variants=rows)
    if results.crossed and results.metric.is_accuracy:
        rows = tuple(results.crossed)
        by_name["images"] = Table(
            "Differences over seeds and images", images(effects, results.crossed, labels), IMAGES_NOTE, rows
        )
    if effects["diverged"].any():
        by_name["diverged"] = diverged(effects, runs, results.format)
    if (runs["status"] != "completed").any():
        lost = runs.loc[runs["status"] != "completed", "variant"]
        by_name["failures"] = Table("Not completed", failures(runs), variants=tuple(lost))
    return by_name
