"""What a report states about the tuning of each variant."""

from ablate.analysis.results import Results
from ablate.terminal.text import by_number, first_few, plural


def tuning(results: Results) -> list[str]:
    """How variants were tuned, and which chosen levels are at the edge of their range; a sentence each."""
    tuned = results.tuned
    if tuned is None:
        return []
    how = "random settings" if tuned.plan.is_random else "settings"
    text = [
        f"Each variant, the baseline included, was tuned over the same {len(tuned.plan.settings)} {how} of"
        f" {', '.join(tuned.plan.keys)} on {plural(len(tuned.plan.seeds), 'seed')} ({first_few(tuned.plan.seeds, 10)}),"
        " which the results do not use; its best setting was then trained on the seeds of the study."
    ]
    named = [
        f"{', '.join(one)} of {results.labels[name]}" for name, one in tuned.edges.items() if name in results.labels
    ]
    if named:
        are = by_number(len(named), "is", "are")
        text.append(f"At the edge of the tuned range {are} {first_few(named, 5)}: a wider range may be better.")
    return text
