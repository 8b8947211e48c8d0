"""Factors together: main effects, interactions, analysis of variance."""

import pandas as pd

from ablate.analysis.formats import DASH, difference, number, p_value


def contrasts(found: pd.DataFrame) -> pd.DataFrame:
    """Main effects and interactions as text, in percentage points."""
    table = []
    for row in found.itertuples():
        name = f"{row.factor}={row.level}" + (f" × {row.factor_2}={row.level_2}" if row.kind == "interaction" else "")
        table.append(
            {
                "Effect": name,
                "Kind": row.kind,
                "n (seeds)": str(row.n) if row.estimable else DASH,
                "Difference (points) [95 % CI]": difference(100 * row.mean, 100 * row.low, 100 * row.high),
                "p (Holm)": p_value(row.p_holm) if row.estimable else "not estimable",
            }
        )
    return pd.DataFrame(table)


ANOVA_NOTE = (
    "Seeds are blocks; a term is compared with the model of all terms that do not contain it (type II). "
    "Secondary to the contrasts: it assumes one error variance for all variants."
)


def anova(found: pd.DataFrame) -> pd.DataFrame:
    """The analysis of variance as text; sums of squares in squared percentage points."""
    return pd.DataFrame(
        {
            "Term": found["term"].str.replace(":", " × "),
            "df": found["df"].astype(str),
            "Sum of squares (points²)": [number(1e4 * value) for value in found["sum_sq"]],
            "F": found["F"].map(number),
            "p": [p_value(row.p) if row.estimable else "not estimable" for row in found.itertuples()],
            "Partial ω²": found["partial_omega_sq"].map(number),
        }
    )
