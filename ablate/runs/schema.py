"""What a run's record and a study's plan are made of, checked where they are read: either may be from somebody else."""

from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

PLAN = ("name", "baseline", "factors", "seeds", "command")  # what study.json says beside its runs
PLANNED = ("variant", "factors", "seed", "folder", "config_sha256")  # and of each of them
# What a report says of each run beside its factors, which cannot have these names.
COLUMNS = ("study", "variant", "seed", "status", "val_accuracy", "val_loss", "train_accuracy", "train_loss", "epoch",
           "epochs", "seconds", "parameters", "macs", "folder", "error", "code_sha256", "commit", "rerun")  # fmt: skip
LARGEST = 2**63  # what a column of whole numbers holds, and more than a float tells apart
Check = Callable[[Any], bool]


def text(value: Any) -> bool:
    """True for a string."""
    return isinstance(value, str)


def name(value: Any) -> bool:
    """True for a string in one line, without what moves a terminal's cursor."""
    return isinstance(value, str) and value.isprintable() and value != ""


def whole(value: Any) -> bool:
    """True for a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST


def seed(value: Any) -> bool:
    """True for a whole number that is not negative."""
    return whole(value) and value >= 0


def number(value: Any) -> bool:
    """True for a number, infinity and NaN included."""
    return whole(value) or isinstance(value, float)


def inside(value: Any) -> bool:
    """True for the relative path of a folder that is below the one it is relative to."""
    if not name(value):
        return False
    here, there = PurePosixPath(value), PureWindowsPath(value)  # a study may have been made on either
    return here.parts != () and not (here.is_absolute() or there.anchor or ".." in {*here.parts, *there.parts})


def positive(value: Any) -> bool:
    """True for a whole number above 0."""
    return whole(value) and value > 0


def fraction(value: Any) -> bool:
    """True for a number from 0 to 1."""
    return number(value) and 0 <= value <= 1


def interval(value: Any) -> bool:
    """True for two such numbers, in order."""
    return isinstance(value, list) and len(value) == 2 and all(map(fraction, value)) and value[0] <= value[1]


def optional(check: Check) -> Check:
    """None too."""
    return lambda value: value is None or check(value)


def every(check: Check) -> Check:
    """A list of such values."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def named(check: Check) -> Check:
    """An object of such values."""
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def of(checks: dict[str, Check]) -> Check:
    """An object that has all of these keys, each of whose values is as said."""
    return lambda value: isinstance(value, dict) and set(checks) <= set(value) and not wrong(value, checks)


INPUTS: dict[str, Check] = {
    "channels": positive, "image_size": positive, "mean": every(number), "std": every(number),
}  # fmt: skip
RUN: dict[str, Check] = {
    "study": optional(text), "variant": optional(text), "factors": named(text), "seed": seed,
    "config_sha256": text, "code_sha256": optional(text), "own_code": named(text),
    "git": optional(named(lambda value: True)),
    "rerun": optional(text), "environment": optional(named(lambda value: True)), "data_sha256": optional(text),
    "classes": optional(every(text)), "inputs": optional(of(INPUTS)), "epochs": optional(named(optional(whole))),
    "seconds": optional(named(optional(number))),
    "peak_memory": optional(named(optional(number))), "parameters": optional(whole), "macs": optional(whole),
    "metrics": optional(named(optional(number))), "selection": optional(text), "error": optional(text),
}  # fmt: skip
STUDY: dict[str, Check] = {
    "name": name, "design": optional(name), "margin": optional(number), "baseline": named(text),
    "factors": named(every(text)), "seeds": every(seed), "command": text,
    "runs": lambda runs: isinstance(runs, list) and runs != [] and all(isinstance(run, dict) for run in runs),
}  # fmt: skip
ONE: dict[str, Check] = {
    "variant": name, "factors": named(text), "seed": seed, "folder": inside, "config_sha256": text,
}  # fmt: skip


def wrong(content: dict[str, Any], checks: dict[str, Check]) -> str:
    """The first key of `content` whose value is not what `checks` say, as `key: value`; empty if all are."""
    for key, check in checks.items():
        if key in content and not check(content[key]):
            return f"{key}: {content[key]!r:.80}"
    return ""


def wrong_study(plan: dict[str, Any]) -> str:
    """What is wrong with a plan that has all its keys, such as a folder outside the study; empty if nothing is."""
    if first := wrong(plan, STUDY):
        return first
    for factor in plan["factors"]:
        if not name(factor) or factor in COLUMNS:
            return f"a factor that is named {factor!r:.80}"
    taken: dict[str, set[Any]] = {"folder": set(), "replicate": set()}
    for run in plan["runs"]:
        if first := wrong(run, ONE):
            return f"a run with {first}"
        for what, own in (("folder", run["folder"]), ("replicate", (run["variant"], run["seed"]))):
            if own in taken[what]:
                return f"two runs with the {what} {own!r:.80}"
            taken[what].add(own)
    return ""
