"""Classes from labels as people write them: text, or integers."""

import re
from collections.abc import Iterable

INTEGER = re.compile(r"[+-]?\d{1,18}(\.0*)?")  # pandas writes integers next to a missing one as 3.0


def class_order(labels: Iterable[str]) -> dict[str, str]:
    """Map each label to the name of its class, in the order of the classes.

    Integers are sorted by value, and named as in `3` even if they are written as `03` or `3.0`. If any label is
    another text, all are sorted as text.
    """
    unique = sorted(set(labels))
    if all(INTEGER.fullmatch(label) for label in unique):
        values = {label: int(label.partition(".")[0]) for label in unique}
        return {label: str(values[label]) for label in sorted(unique, key=values.__getitem__)}
    return {label: label for label in unique}
