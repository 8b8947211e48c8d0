"""All pairs of variants, on request: the letters of each variant, and each pair."""

import pandas as pd

from ablate.analysis.all_pairs import AllPairs
from ablate.analysis.formats import DASH, p_value
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.verdict_sentences import paired_or_not
from ablate.analysis.tables.table import Table

LETTERS_NOTE = (
    "Exploratory: Holm's correction over all pairs of planned variants, a separate family. Variants that share a letter"
    " do not differ significantly, which does not mean that they are equal."
)


def letters(pairs: AllPairs, labels: dict[str, str], shown: MetricFormat) -> Table:
    """The compact letter display, the best variant first."""
    cells = {
        "Variant": [labels[name] for name in pairs.means],
        f"{shown.header}, mean": [shown.value(mean) for mean in pairs.means.values()],
        "Letters": [pairs.letters[name] for name in pairs.means],
    }
    note = LETTERS_NOTE.replace("all pairs", f"all {len(pairs.table)} pairs", 1)
    note += f" {paired_or_not(pairs.table)}."
    return Table("All pairs: letters", pd.DataFrame(cells), note, tuple(pairs.means))


def pairs(compared: AllPairs, labels: dict[str, str], shown: MetricFormat) -> Table:
    """Each pair of variants: the difference of the first minus the second."""
    rows = list(compared.table.itertuples())
    cells = {
        "Variant": [labels[row.variant] for row in rows],
        "Compared with": [labels[row.other] for row in rows],
        "n (seeds)": [str(row.n) for row in rows],
        f"{shown.difference_header} [95 % CI]": [
            shown.interval(row.difference, row.ci_low, row.ci_high) for row in rows
        ],
        "p (Holm)": [p_value(row.p_holm) for row in rows],
        "Wins": [DASH if pd.isna(row.wins) else f"{row.wins}/{row.n}" for row in rows],
    }
    note = "Exploratory: Holm's correction over all pairs; intervals for one pair at a time."
    return Table("All pairs", pd.DataFrame(cells), note, tuple(row.variant for row in rows))
