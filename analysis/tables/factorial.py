"""Several factors together: main effects, interactions, analysis of variance, shares, Shapley values."""

import pandas as pd

from ablate.analysis.formats import DASH, number, p_value, significant
from ablate.analysis.metric_format import PERCENT, MetricFormat
from ablate.analysis.stats.attribution import MODEL
from ablate.analysis.stats.factorial import CELLS
from ablate.analysis.stats.linear_model import FRACTION

CONTRASTS_NOTE = (
    "Exploratory: Holm's correction within this table, intervals for one effect at a time. Each effect is averaged over"
    " the other factors."
)
LOST_NOTE = " Linear model: runs were lost; cell means with a block for each seed, errors of one variance."
FRACTION_NOTE = " Linear model of a fraction: a block for each seed, errors of one variance."
ALIASED_NOTE = (
    " Aliased: the design cannot separate these effects; the estimate is of their sum, without interactions of three or"
    " more factors."
)

HALF_NOTE = " A main effect aliased with an interaction is estimated as the main effect plus half the interaction."


def contrasts_note(effects: pd.DataFrame) -> str:
    """The note under the table of `contrasts`."""
    lost = LOST_NOTE if effects["method"].eq(CELLS).any() else ""
    fraction = FRACTION_NOTE if effects["method"].eq(FRACTION).any() else ""
    half = HALF_NOTE if (effects["aliases"].ne("") & effects["kind"].eq("main")).any() else ""
    return CONTRASTS_NOTE + lost + fraction + ALIASED_NOTE * bool(effects["aliases"].any()) + half


def contrasts(effects: pd.DataFrame, shown: MetricFormat = PERCENT) -> pd.DataFrame:
    """Main effects and interactions as text, in the units of `shown`."""
    scale = shown.metric.scale
    table = []
    for row in effects.itertuples():
        name = f"{row.factor}={row.level}" + (f" × {row.factor_2}={row.level_2}" if row.kind == "interaction" else "")
        table.append(
            {
                "Effect": f"{name} {row.aliases}" if row.aliases else name,
                "Kind": f"{row.kind}, aliased" if row.aliases else row.kind,
                "n (seeds)": str(row.n) if row.estimable else DASH,
                "df": number(row.df, 0) if row.estimable else DASH,
                "Method": row.method or DASH,
                f"{shown.difference_header} [95 % CI]": shown.interval(
                    scale * row.mean, scale * row.low, scale * row.high
                ),
                "p (Holm)": p_value(row.p_holm) if row.estimable else "not estimable",
            }
        )
    return pd.DataFrame(table)


ANOVA_NOTE = (
    "Exploratory: Holm's correction within this table. Seeds are blocks; a term is compared with the model of all terms"
    " that do not contain it (type II). One error variance for all variants is assumed."
)


def anova(table: pd.DataFrame, shown: MetricFormat = PERCENT) -> pd.DataFrame:
    """The analysis of variance as text; sums of squares in the squared unit of differences."""
    unit = f" ({shown.points.strip()}²)" if shown.points else ""
    squares = shown.metric.scale**2 * table["sum_sq"]
    sums = [number(value) if shown.metric.unit == "%" else significant(value, 4) for value in squares]
    return pd.DataFrame(
        {
            "Term": table["term"].str.replace(":", " × "),
            "df": table["df"].astype(str),
            f"Sum of squares{unit}": sums,
            "F": table["F"].map(number),
            "p": [p_value(row.p) if row.estimable else "not estimable" for row in table.itertuples()],
            "p (Holm)": table["p_holm"].map(p_value),
        }
    )


def shares_note(table: pd.DataFrame) -> str:
    """The note under the table of `shares`."""
    note = "Exploratory. Shares of the total sum of squares; with seed and residual they sum to 100 %."
    if table["ordered"].any():
        note += (
            " The design is not orthogonal (runs were lost or not planned): sums of squares are sequential, seed first,"
            " then in the order of this table, and depend on it."
        )
    if table["low"].isna().all():
        return f"{note} No intervals: they need five seeds."
    return f"{note} Intervals: percentile bootstrap over seeds, all runs of a seed together."


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of the sum of squares as text, in percent."""
    interval = [
        DASH if pd.isna(row.low) else f"[{number(100 * row.low, 1)}, {number(100 * row.high, 1)}]"
        for row in table.itertuples()
    ]
    names = table["term"].str.replace(":", " × ")
    return pd.DataFrame({"Term": names, "Share (%)": [number(100 * s, 1) for s in table["share"]], "95 % CI": interval})


ATTRIBUTION_NOTE = (
    "Exploratory: Holm's correction within this table. A Shapley value is the effect of a change averaged over all"
    " orders of making the changes; the values sum to the whole difference."
)
ENDS_NOTE = " Alone, last: the effect of the change alone, and after all others."
MODEL_NOTE = (
    " Estimated by the linear model of a fraction, without interactions of three or more factors: each two-way"
    " interaction is shared equally."
)


def attribution_note(table: pd.DataFrame) -> str:
    """The note under the table of `attribution`."""
    return ATTRIBUTION_NOTE + (MODEL_NOTE if (table["method"] == MODEL).any() else ENDS_NOTE)


def attribution(table: pd.DataFrame, shown: MetricFormat = PERCENT) -> pd.DataFrame:
    """Shapley values and their sum as text, in the units of `shown`."""
    scale, rows = shown.metric.scale, list(table.itertuples())
    cells = {
        "Change": [f"{row.factor}={row.level}" if row.factor else "all (sum)" for row in rows],
        "n (seeds)": [str(row.n) for row in rows],
        f"Shapley value{shown.in_parentheses} [95 % CI]": [
            shown.interval(scale * row.mean, scale * row.low, scale * row.high) for row in rows
        ],
        "p (Holm)": [p_value(row.p_holm) for row in rows],
    }
    if table["first"].notna().any():
        cells |= {"Alone": [shown.change(scale * row.first) for row in rows]}
        cells |= {"Last": [shown.change(scale * row.last) for row in rows]}
    return pd.DataFrame(cells)
