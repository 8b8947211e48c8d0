"""Studies on several data sets (or other blocks): variants are compared within each, and over them by the mean.

A block is a level of the plan's factor `block`. The means over blocks are those of `pooled_blocks.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from ablate.analysis import chance, collect, image_correctness, stats
from ablate.analysis.effects import effects
from ablate.analysis.stats import ranks
from ablate.runs.metric import Metric
from ablate.runs.study_plan import StudyPlan
from ablate.study.variant_name import variant_name


@dataclass(frozen=True, eq=False)
class Blocks:
    """The comparisons within each block.

    Attributes:
        factor: whose levels the blocks are.
        levels: the blocks, in the order of the plan.
        effects: {block: frame of `effects`}; p_holm is corrected over all variants and blocks.
        seconds: {block: median seconds of a run}.
        variant_of: {planned variant: its name without the block}.
        means: (blocks, variants) mean of the metric over the seeds that all ranked variants completed in a block; NaN
            for a variant that is not ranked.
        metric: what is compared.
    """

    factor: str
    levels: list[str]
    effects: dict[str, pd.DataFrame]
    seconds: dict[str, float]
    variant_of: dict[str, str]
    means: pd.DataFrame
    metric: Metric

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """`means` of the ranked variants, higher is better; empty if a block has no seed that all of them completed."""
        known = self.means.dropna(axis=1, how="all")
        return self.metric.sign * known if known.notna().all(axis=None) else known.iloc[:, :0]

    @cached_property
    def friedman(self) -> ranks.Friedman | None:
        """Friedman's test; None for fewer than `ranks.FEWEST` blocks, or fewer than two variants."""
        enough = len(self.levels) >= ranks.FEWEST and self.ranked.shape[1] > 1
        return ranks.friedman(self.ranked.to_numpy()) if enough else None

    @cached_property
    def mean_ranks(self) -> pd.Series:
        """The mean rank of each variant over blocks; empty where `friedman` is None."""
        return pd.Series(self.friedman.ranks, index=self.ranked.columns) if self.friedman else pd.Series(dtype=float)

    @cached_property
    def wilcoxon(self) -> pd.Series:
        """Holm-corrected p of Wilcoxon's test of each variant against the baseline; empty as `mean_ranks`."""
        if self.friedman is None or collect.BASELINE not in self.ranked:
            return pd.Series(dtype=float)
        others = self.ranked.drop(columns=collect.BASELINE)
        p = ranks.wilcoxon_holm(others.to_numpy(), self.ranked[collect.BASELINE].to_numpy())
        return pd.Series(p, index=others.columns)


def without_block(plan: StudyPlan) -> StudyPlan:
    """The plan without the block among its factors."""
    factors = {name: levels for name, levels in plan.factors.items() if name != plan.block}
    baseline = {name: level for name, level in plan.baseline.items() if name != plan.block}
    return msgspec.structs.replace(plan, factors=factors, baseline=baseline, block=None)


def renamed(runs: pd.DataFrame, plan: StudyPlan) -> pd.DataFrame:
    """The runs with the block in the column `block` and variants named without it."""
    assert plan.block is not None
    names = [name for name in collect.factors(runs) if name != plan.block]
    cells = list(runs[names].itertuples(index=False, name=None))
    levels = {cell: dict(zip(names, cell, strict=True)) for cell in dict.fromkeys(cells)}
    variant_of = {cell: _name(chosen, plan) for cell, chosen in levels.items()}
    return runs.drop(columns=plan.block).assign(variant=[variant_of[cell] for cell in cells], block=runs[plan.block])


def collapsed(folder: Path, runs: pd.DataFrame, block: str) -> pd.Series:
    """`chance.collapsed` of each run, with the images and the classes of its block.

    Args:
        folder: of the study.
        runs: frame of `collect` of all blocks.
        block: the factor whose levels the blocks are.
    """
    parts = [rows for _, rows in runs.groupby(block, sort=False)]
    judged = [chance.collapsed(rows, image_correctness.load(folder, rows), chance.class_count(rows)) for rows in parts]
    return pd.concat(judged).reindex(runs.index)


def planned_variants(plan: StudyPlan) -> set[str]:
    """The names of the planned variants; with a block, those of `renamed`."""
    if plan.block is None:
        return {run.variant for run in plan.runs}
    return {_name(run.factors, plan) for run in plan.runs}


def _name(levels: Mapping[str, str], plan: StudyPlan) -> str:
    """The name of a variant without the block."""
    return variant_name({name: level for name, level in levels.items() if name != plan.block}, plan.baseline)


def compared(runs: pd.DataFrame, plan: StudyPlan) -> Blocks:
    """Compare the variants within each block.

    Args:
        runs: frame of `collect` of all blocks.
        plan: a plan with a block.
    """
    assert plan.block is not None
    metric, inner = plan.metric, renamed(runs, plan)
    of_block: dict[str, pd.DataFrame] = {}
    for level in plan.factors[plan.block]:
        rows = inner[inner["block"] == level].drop(columns="block").reset_index(drop=True)
        if len(rows):
            of_block[level] = effects(rows, metric=metric, chance=metric.at_chance(chance.class_count(rows)))
    whole = pd.concat(of_block.values())
    adjusted = stats.holm(whole["p"], int((whole["variant"] != collect.BASELINE).sum()))
    sizes = np.cumsum([len(frame) for frame in of_block.values()])[:-1]
    corrected = zip(of_block.items(), np.split(adjusted, sizes), strict=True)
    done = inner[inner["status"] == "completed"]
    return Blocks(
        factor=plan.block,
        levels=list(of_block),
        effects={level: frame.assign(p_holm=p) for (level, frame), p in corrected},
        seconds=done.groupby("block", sort=False)["seconds"].median().to_dict(),
        variant_of=dict(zip(runs["variant"], inner["variant"], strict=True)),
        means=_means(inner, list(of_block), metric.name),
        metric=metric,
    )


def _means(inner: pd.DataFrame, levels: Sequence[str], metric: str) -> pd.DataFrame:
    """The mean of each variant in each block, over the seeds that all of these variants completed there.

    A variant is left out (NaN) if one of its runs diverged, or if it completed no seed of a block.
    """
    known = inner[metric].where(inner["status"] == "completed")
    cells = inner.assign(value=known).pivot_table(
        index=["block", "seed"], columns="variant", values="value", sort=False, dropna=False
    )
    cells = cells.reindex(columns=list(dict.fromkeys(inner["variant"])))
    diverged = set(inner.loc[inner["status"] == "diverged", "variant"])
    counts = cells.notna().groupby(level="block").sum()
    ranked = [name for name in cells if name not in diverged and (counts[name] > 0).all()]
    shared = cells[ranked].dropna()
    means = shared.groupby(level="block").mean().reindex(index=list(levels))
    return means.reindex(columns=cells.columns)


def sentences(blocks: Blocks) -> list[str]:
    """How blocks were compared, and what their ranks show."""
    count = len(blocks.levels)
    text = [
        f"Variants are compared within each of {count} levels of {blocks.factor} ({', '.join(blocks.levels)}), and over"
        " them by the mean of these differences, paired by seed, with equal weights. The interval is over seeds: it"
        f" holds for these levels of {blocks.factor}, not for others."
    ]
    if any(frame["diverged"].any() for frame in blocks.effects.values()):
        text.append("Over levels, a seed of a variant counts as diverged or at chance if it is on one of them.")
    if blocks.friedman is None:
        return text
    test, k = blocks.friedman, len(blocks.mean_ranks)
    return [
        *text,
        f"Mean ranks over {count} levels (exploratory): Friedman's chi-squared {test.chi_squared:.2f},"
        f" F({k - 1}, {(k - 1) * (count - 1)}) = {test.f:.2f}, p = {test.p:.3g}. Nemenyi's critical difference of two"
        f" mean ranks at 5 %: {ranks.critical_difference(k, count):.2f}.",
    ]
