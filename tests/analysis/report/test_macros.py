"""LaTeX macros for the numbers of a study."""

import re
from dataclasses import replace

from ablate.analysis.analyze import analyze
from ablate.analysis.report.limits import limits
from ablate.analysis.report.macros import to_tex
from ablate.analysis.stages.looks import PlannedLooks

FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}


def macros(text):
    """{(name, quantity): text} of the defined macros."""
    definitions = re.findall(r"\\expandafter\\def\\csname ablate:(.+):(\w+)\\endcsname\{(.*)\}", text)
    return {(name, quantity): value for name, quantity, value in definitions}


def test_macros_hold_the_numbers_of_the_study(make_study):
    """Differences: b -10 and -12, y 0 and +2, both -10 and -12; the interaction is -10 - -10 - 0 = 0, and -2."""
    results = {"baseline": {0: 0.6, 1: 0.62}, "model=b": {0: 0.5, 1: 0.5}, "norm=y": {0: 0.6, 1: 0.64}}
    results["model=b+norm=y"] = {0: 0.5, 1: 0.5}
    numbers = macros(to_tex(analyze(make_study(results, FACTORS))))
    assert numbers["study", "runs"] == "8" and numbers["study", "seeds"] == "2" and numbers["study", "holes"] == "0"
    assert ("study", "detectable") in numbers  # its value is tested in stats/test_power.py
    assert numbers["baseline", "mean"] == "61.00" and ("baseline", "difference") not in numbers
    assert numbers["model=b", "difference"] == "$-$11.00" and numbers["model=b", "wins"] == "0"
    assert numbers["model=b+norm=y", "n"] == "2"
    assert numbers["main:norm=y", "difference"] == "+0.50"  # (0 + 0 + 2 + 0) / 4
    assert numbers["model=b*norm=y", "difference"] == "$-$1.00"


def test_the_detectable_effect_is_that_of_the_report(make_study):
    """b and c have five seeds, d four: d_z at five seeds. With stages, neither states one."""
    values = {name: {seed: 0.5 + (seed + k) ** 2 / 90 for seed in range(5)}
              for k, name in enumerate(["baseline", "model=b", "model=c", "model=d"])}  # fmt: skip
    values["model=d"][4] = "failed"
    results = analyze(make_study(values, {"model": list("abcd")}))
    shown = macros(to_tex(results))["study", "detectable"]
    assert "With 5 seeds and Holm's correction over 3 planned variants" in limits(results)[0]
    assert f"(d_z = {shown}," in limits(results)[0]
    looks = PlannedLooks((tuple(range(5)),), {})
    assert ("study", "detectable") not in macros(to_tex(replace(results, looks=looks)))


def test_special_characters_in_names_are_safe(make_study):
    first, second = "50 %#$&_{x}\\", "50 %#$&_{y}\\"
    results = {"baseline": {0: 0.5}, f"model={first}": {0: 0.5}, f"model={second}": {0: 0.4}}
    text = to_tex(analyze(make_study(results, {"model": ["a", first, second]})))
    names = {name for name, _ in macros(text)}
    assert {"study", "baseline", "model=50 ----_-x--", "model=50 ----_-y--"} == names
    body = text.split("numbers.tex}\\fi}\n")[1]
    assert not re.search(r"[%#&~]", body)


def test_shapley_values_have_macros(make_study):
    """Two changes of .1 and .2 that add up to .3."""
    values = {"baseline": 0.5, "a=1": 0.6, "b=1": 0.7, "a=1+b=1": 0.8}
    results = {name: {0: value, 1: value + 0.01} for name, value in values.items()}
    known = macros(to_tex(analyze(make_study(results, {"a": ["0", "1"], "b": ["0", "1"]}))))
    assert (known["shapley:a=1", "difference"], known["shapley:all", "difference"]) == ("+10.00", "+30.00")
