"""Results -> the tables of the report, as text.

`main_table.py`     the variants against the baseline
`further_tests.py`  the same under other assumptions: sign flips, other images, diverged runs at chance
`factorial.py`      main effects, interactions, analysis of variance, shares, Shapley values
`pairs.py`          every variant against every other one
`path.py`           one change after the other
`on_test_set.py`    accuracy on the test set
`other_tests.py`    accuracy and calibration on other test sets, corruption by corruption
`blocks.py`         differences within each data set or other block
`stages.py`         the differences at each planned look
`tuning.py`         settings tuned for each variant
`secondary.py`      secondary metrics
`trials.py`         trials of a search, importance of its parameters
`runs.py`           configurations, classes, runs that are not completed
"""

from ablate.analysis.results import Results
from ablate.analysis.tables.blocks import within_blocks
from ablate.analysis.tables.factorial import (
    ANOVA_NOTE,
    anova,
    attribution,
    attribution_note,
    contrasts,
    contrasts_note,
    shares,
    shares_note,
)
from ablate.analysis.tables.further_tests import IMAGES_NOTE, TESTS_NOTE, diverged, further_tests, images
from ablate.analysis.tables.main_table import EQUIVALENCE, display, main
from ablate.analysis.tables.on_test_set import on_test_set
from ablate.analysis.tables.other_tests import conditions, other_test_sets
from ablate.analysis.tables.pairs import letters, pairs
from ablate.analysis.tables.path import path
from ablate.analysis.tables.runs import changes, classes, classes_note, failures
from ablate.analysis.tables.secondary import secondary
from ablate.analysis.tables.stages import stages
from ablate.analysis.tables.table import ONE_SEED, Table, has_single_seeds, with_single_seeds
from ablate.analysis.tables.trials import best_trial, importance, trials
from ablate.analysis.tables.tuning import budgets, tuning
from ablate.runs.metric import named

__all__ = ["EQUIVALENCE", "NAMES", "ONE_SEED", "Table", "all_tables", "anova", "attribution", "best_trial", "changes",
           "classes", "conditions", "contrasts", "display", "diverged", "failures", "further_tests",
           "has_single_seeds", "images", "importance", "main", "on_test_set", "other_test_sets", "secondary", "shares",
           "stages", "trials", "with_single_seeds", "within_blocks"]  # fmt: skip

NAMES = (
    "effects",
    "stages",
    "tuning",
    "budgets",
    "blocks",
    "trials",
    "importance",
    "test",
    "test_on",
    "conditions",
    "secondary",
    "changes",
    "tests",
    "path",
    "letters",
    "pairs",
    "contrasts",
    "anova",
    "shares",
    "attribution",
    "classes",
    "images",
    "diverged",
    "failures",
)


def all_tables(results: Results) -> dict[str, Table]:
    """The tables this study has, by the name of their file, one of `NAMES`."""
    runs, effects, labels = results.runs, results.effects, results.labels
    by_name = {"effects": main(effects, runs, results.format)}
    if results.paths is not None and len(results.paths):
        by_name["stages"] = stages(results.paths, effects.set_index("variant")["verdict"], labels, results.format)
    if results.tuned is not None:
        by_name["tuning"] = tuning(results.tuned, effects, labels, results.format)
        by_name["budgets"] = budgets(results.tuned, labels, results.format)
    if results.blocks is not None:
        by_name["blocks"] = within_blocks(results.blocks, labels, results.format)
    if results.search is not None:
        by_name["trials"] = trials(results.search, results.format)
        if results.search.importance is not None:
            by_name["importance"] = importance(results.search.importance)
    if tested := on_test_set(results.usage, labels, results.metric):
        by_name["test"] = tested
    if results.other_tests is not None:
        both = {
            "test_on": other_test_sets(results.other_tests, labels, runs, results.metric),
            "conditions": conditions(results.other_tests, labels, results.metric),
        }
        by_name |= {name: table for name, table in both.items() if table}
    if results.plan.secondary and (
        further := secondary(runs, [named(name) for name in results.plan.secondary], labels)
    ):
        by_name["secondary"] = further
    if len(results.changes):
        by_name["changes"] = changes(results.changes, labels)
    # These tests do not allow for planned looks, after which the number of seeds depends on the results.
    if results.looks is None and len(compared := further_tests(effects, runs, results.metric)):
        rows = tuple(compared.index)
        by_name["tests"] = Table(
            "Tests without a normality assumption", compared.reset_index(drop=True), TESTS_NOTE, rows
        )
    if results.path is not None:
        by_name["path"] = path(results.path, labels, results.format)
    if results.pairs is not None:
        by_name["letters"] = letters(results.pairs, labels, results.format)
        by_name["pairs"] = pairs(results.pairs, labels, results.format)
    if results.contrasts is not None and results.anova is not None and results.shares is not None:
        crossed = (results.contrasts["kind"] == "interaction").any()
        title = "Main effects and interactions" if crossed else "Main effects"
        by_name["contrasts"] = Table(
            title, contrasts(results.contrasts, results.format), contrasts_note(results.contrasts)
        )
        by_name["anova"] = Table("Analysis of variance", anova(results.anova, results.format), ANOVA_NOTE)
        by_name["shares"] = Table("Shares of the sum of squares", shares(results.shares), shares_note(results.shares))
    if results.attribution is not None:
        by_name["attribution"] = Table(
            "Attribution",
            attribution(results.attribution, results.format),
            attribution_note(results.attribution),
        )
    if results.classes is not None and results.predicted is not None:
        rows, note = tuple(results.classes.index), classes_note(results.predicted)
        by_name["classes"] = Table("Accuracy on each class", classes(results.classes, labels), note, rows)
    if results.crossed and results.metric.is_accuracy:
        rows = tuple(results.crossed)
        by_name["images"] = Table(
            "Differences over seeds and images", images(effects, results.crossed, labels), IMAGES_NOTE, rows
        )
    if effects["diverged"].any():
        by_name["diverged"] = diverged(effects, runs, results.format)
    every_run = results.every_run
    if (every_run["status"] != "completed").any():
        lost = every_run.loc[every_run["status"] != "completed", "variant"]
        by_name["failures"] = Table(
            "Not completed", failures(every_run), variants=tuple(map(results.compared_as, lost))
        )
    return {name: with_single_seeds(table) for name, table in by_name.items()}
