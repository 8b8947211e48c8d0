"""What a report states about the planned looks at a study with stages."""

from ablate.analysis.results import Results
from ablate.analysis.stages.looks import PlannedLooks
from ablate.runs.study_plan import BASELINE
from ablate.terminal.text import by_number, first_few, plural


def looked(results: Results) -> list[str]:
    """How many of the planned looks were taken, what they decided, and how many runs were saved; a sentence each."""
    looks = results.looks
    if looks is None:
        return []
    taken, planned = max(looks.taken.values(), default=0), len(looks.sizes)
    steps = ", ".join(map(str, looks.sizes))
    were = by_number(taken, "was", "were")
    text = f"Stages: looks were planned after {steps} seeds, and {taken} of these {planned} looks {were} taken."
    if not taken:
        return [f"{text} Nothing is compared before the first look."]
    variants = [name for name in looks.taken if name != BASELINE]
    used = sum(looks.sizes[looks.taken[name] - 1] for name in looks.taken if looks.taken[name])
    whole = (len(variants) + 1) * looks.sizes[-1]
    left = taken < planned and any(looks.taken[name] == taken and name not in looks.verdicts for name in variants)
    return [
        f"{text} A variant that a look decides gets no more seeds: {used} runs{' so far' if left else ''} instead of"
        f" {whole} ({100 * used / whole:.0f} %).",
        *_exploratory(looks, results),
        *_replaced(results),
    ]


def _exploratory(looks: PlannedLooks, results: Results) -> list[str]:
    """A sentence on the seeds over which exploratory effects are estimated; empty if there are none."""
    factors = results.contrasts is not None or results.path is not None
    parts = ["effects of factors"] * factors + ["secondary metrics"] * bool(results.plan.secondary)
    if not parts:
        return []
    seeds = looks.sizes[min(looks.taken.values()) - 1]
    return [f"{' and '.join(parts).capitalize()} are over the first {seeds} seeds, which all variants have."]


def _replaced(results: Results) -> list[str]:
    """A sentence on variants whose recorded verdict is not that of their runs, which were replaced after the look.

    A recorded verdict may become `within the margin` as Holm's p-values of stopped variants decrease.
    """
    assert results.looks is not None
    if results.planned_metric not in (None, results.metric.name):  # the looks were at another metric
        return []
    verdicts = results.effects.set_index("variant")["verdict"]
    differing = [
        f"{results.labels[name]} ({recorded} at its look, now {verdicts[name]})"
        for name, recorded in results.looks.verdicts.items()
        if not (verdicts[name].startswith(recorded) or "within the margin" in verdicts[name])
    ]
    if not differing:
        return []
    return [
        f"The runs of {first_few(differing, 4, '; ')} were replaced or changed after the look that decided them: their"
        " verdicts do not have the stated error rate."
    ]


def method(results: Results) -> str:
    """The test of a study with stages."""
    assert results.looks is not None
    return (
        "Runs are paired by seed; the differences are tested by a group-sequential paired t-test with exact boundaries"
        f" at {plural(len(results.looks.sizes), 'planned look')} (Lan-DeMets spending of Pocock type). A p-value is the"
        " smallest level at which a boundary has been crossed; intervals are repeated confidence intervals, which hold"
        " at all looks together."
    )
