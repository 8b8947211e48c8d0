"""What a fraction of two-level factors cannot tell apart: its resolution, generators and aliases.

Effects are products of columns of signs (runs, factors), -1 at the first level. Two effects are aliased if their
columns are equal up to the sign, and partly aliased if they are correlated.
"""

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ablate.runs.study_plan import StudyPlan

Signs = NDArray[np.float64]
Term = tuple[int, ...]  # positions of factors
LETTERS = [letter for letter in string.ascii_uppercase + string.ascii_lowercase if letter not in "Ii"]  # I: the mean
LINES = 24  # aliased groups that are listed
ROMAN = {3: "III", 4: "IV", 5: "V", 6: "VI", 7: "VII"}


def describe(plan: StudyPlan) -> list[str]:
    """Lines on a fraction for `ablate plan`; empty for another design, or a factor without two levels."""
    factors = compared(plan)
    if plan.design not in ("fractional", "plackett_burman") or any(len(one) != 2 for one in factors.values()):
        return []
    signs = signs_of(plan)
    count, names = signs.shape[1], LETTERS if signs.shape[1] <= len(LETTERS) else [f"({name})" for name in factors]
    letters = ", ".join(f"{names[k]} {name}={levels[1]}" for k, (name, levels) in enumerate(factors.items()))
    lines = [f"{len(signs)} of {2**count} combinations. Effects: {letters}."]
    if generators := _generators(signs, names):
        shortest = next((len(word) for word, _ in words(signs, min(count, 6))), None)
        resolution = f"Resolution {ROMAN[shortest]}. " if shortest in ROMAN else ""
        relation = ""
        if len(generators) < 3:
            whole = words(signs, count)
            relation = f" Defining relation: I = {' = '.join(_text(word, sign, names) for word, sign in whole)}."
        lines.append(f"{resolution}Generators: {', '.join(generators)}.{relation}")
    groups = aliased(signs)
    listed = [" = ".join(_text(term, sign, names) for term, sign in group) for group in groups]
    if listed:
        more = f" and {len(listed) - LINES} more" if len(listed) > LINES else ""
        lines.append(f"Aliased, assuming no interactions of three or more factors: {', '.join(listed[:LINES])}{more}.")
    largest = partly_aliased(signs)
    if largest:
        lines.append(
            f"Main effects are partly aliased with two-way interactions (correlations up to {largest:.2f}): they are"
            " those of the factors alone only if interactions are small."
        )
    elif all(len(term) > 1 for group in groups for term, _ in group):
        lines.append("Main effects are separate from each other and from two-way interactions.")
    return lines


def compared(plan: StudyPlan) -> dict[str, list[str]]:
    """The factors with their levels, without the block."""
    return {name: levels for name, levels in plan.factors.items() if name != plan.block}


def signs_of(plan: StudyPlan) -> Signs:
    """The signs (variants, factors) of a plan of two-level factors."""
    first = {name: levels[0] for name, levels in compared(plan).items()}
    rows = dict.fromkeys(tuple(run.factors[name] != first[name] for name in first) for run in plan.runs)
    return np.array([*rows], dtype=float).reshape(len(rows), len(first)) * 2 - 1


def words(signs: Signs, longest: int) -> Iterator[tuple[Term, int]]:
    """Yield the words of the defining relation, shortest first, with their sign.

    A word is a product of factors that is constant.

    Args:
        signs: (runs, factors).
        longest: number of factors in the longest words.
    """
    for size in range(1, longest + 1):
        for term in itertools.combinations(range(signs.shape[1]), size):
            total = signs[:, term].prod(axis=1).sum()
            if abs(total) == len(signs):
                yield term, int(np.sign(total))


def aliased(signs: Signs) -> list[list[tuple[Term, int]]]:
    """Groups of two or more main effects and two-way interactions that are aliased, with the sign to the first."""
    groups: dict[tuple[float, ...], list[tuple[Term, int]]] = {}
    for term in _terms(signs.shape[1]):
        column = signs[:, term].prod(axis=1)
        same = tuple(column)
        opposite = tuple(-column)
        if opposite in groups:
            groups[opposite].append((term, -1))
        elif len(set(same)) > 1:
            groups.setdefault(same, []).append((term, 1))
    return [group for group in groups.values() if len(group) > 1]


def partly_aliased(signs: Signs) -> float:
    """The largest correlation, below 1, of a main effect with another one or a two-way interaction; 0 if none is."""
    columns = np.array([signs[:, term].prod(axis=1) for term in _terms(signs.shape[1])])
    columns = columns - columns.mean(axis=1, keepdims=True)
    length = np.linalg.norm(columns, axis=1)
    unit = columns[length > 0] / length[length > 0, None]
    correlation = np.abs(unit[: signs.shape[1]] @ unit.T)
    partial = correlation[(correlation > 1e-9) & (correlation < 1 - 1e-9)]
    return float(partial.max(initial=0.0))


def _terms(count: int) -> list[Term]:
    """All main effects, then all two-way interactions."""
    return [*((k,) for k in range(count)), *itertools.combinations(range(count), 2)]


def _generators(signs: Signs, names: Sequence[str]) -> list[str]:
    """Each factor that is a product of earlier ones, as `D = ABC`; empty if the design is not a regular fraction."""
    products: dict[tuple[float, ...], Term] = {(1.0,) * len(signs): ()}
    generators = []
    for factor in range(signs.shape[1]):
        column = signs[:, factor]
        sign = next((sign for sign in (1, -1) if tuple(sign * column) in products), None)
        if sign is None:
            products |= {tuple(np.array(old) * column): (*term, factor) for old, term in products.items()}
            if len(products) > 2 * len(signs):  # more than a regular fraction of this size has
                return []
        else:
            term = products[tuple(sign * column)]
            generators.append(f"{names[factor]} = {_text(term, sign, names)}")
    return generators if len(products) == len(signs) else []


def _text(term: Term, sign: int, names: Sequence[str] | Mapping[int, str]) -> str:
    """`−ABC`."""
    return ("−" if sign < 0 else "") + "".join(names[place] for place in term)
