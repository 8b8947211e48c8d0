"""Seeds that a report leaves out of every comparison (`--exclude-seed`)."""

from collections.abc import Mapping, Sequence

import msgspec
import pandas as pd

from ablate.runs.looks import Look
from ablate.runs.study_plan import StudyPlan
from ablate.runs.valid_names import is_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import first_few

LONGEST = 300  # characters of a reason
Excluded = Mapping[int, str]  # {seed: reason}


def remaining(plan: StudyPlan, runs: pd.DataFrame, excluded: Excluded) -> tuple[StudyPlan, pd.DataFrame]:
    """The plan and the runs (frame of `collect.collect`) without some seeds.

    Raises:
        InputError: the study has no such seed, or no other ones; a reason is empty or not one line of text.
    """
    if excluded and plan.stages:
        raise InputError(
            "No seed of a study in stages can be excluded, because its looks are planned at fixed numbers of seeds."
        )
    for seed, reason in excluded.items():
        if seed not in set(runs["seed"]):
            known = first_few(sorted(set(runs["seed"])), 20)
            raise InputError(f"The study has no seed {seed}, so it cannot be excluded. Its seeds are {known}.")
        if not is_name(reason.strip()) or len(reason) > LONGEST:
            raise InputError(
                f"Seed {seed} needs a reason to be excluded: one line of text of at most {LONGEST} characters."
            )
    kept = runs[~runs["seed"].isin(excluded)].reset_index(drop=True)
    if kept.empty:
        raise InputError("All seeds of the study would be excluded. Keep at least one.")
    planned = [run for run in plan.runs if run.seed not in excluded]
    seeds = [seed for seed in plan.seeds if seed not in excluded]
    return msgspec.structs.replace(plan, runs=planned, seeds=seeds), kept


def sentences(excluded: Excluded) -> list[str]:
    """One sentence per seed, and what its exclusion means; empty if there are none."""
    if not excluded:
        return []
    seeds = [
        f"Seed {seed} is excluded from every comparison: {reason.strip().rstrip('.')}."
        for seed, reason in excluded.items()
    ]
    return [
        *seeds,
        "Seeds were excluded after the study was planned, which can bias the comparison. A report without"
        " --exclude-seed has all seeds.",
    ]


def earlier(looks: Sequence[Look], excluded: Excluded) -> list[str]:
    """A sentence on earlier reports that excluded other seeds; empty if there are none."""
    others = [look for look in looks if look.excluded and look.excluded.keys() != excluded.keys()]
    texts = ["; ".join(f"seed {seed} ({reason})" for seed, reason in look.excluded.items()) for look in others]
    texts = list(dict.fromkeys(texts))
    if not texts:
        return []
    return [
        f"Other reports of these results excluded seeds: {first_few(texts, 5, ', or ')}."
        " Choosing between reports by their result raises the rate of false claims."
    ]
