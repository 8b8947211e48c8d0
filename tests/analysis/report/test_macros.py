"""Numbers for a paper, by their names."""

import re

from ablate.analysis.report.macros import to_tex
from ablate.analysis.results import analyse

FACTORS = {"model": ["a", "b"], "norm": ["x", "y"]}


def macros(text):
    """{(name, quantity): text} of what is defined."""
    found = re.findall(r"\\expandafter\\def\\csname ablate:(.+):(\w+)\\endcsname\{(.*)\}", text)
    return {(name, quantity): value for name, quantity, value in found}


def test_every_number_of_the_study(make_study):
    """Differences of b -10 and -12, of y 0 and +2, of both -10 and -12 with the interaction -10 - -10 - 0 = 0, -2."""
    results = {"baseline": {0: 0.6, 1: 0.62}, "model=b": {0: 0.5, 1: 0.5}, "norm=y": {0: 0.6, 1: 0.64}}
    results["model=b+norm=y"] = {0: 0.5, 1: 0.5}
    found = macros(to_tex(analyse(make_study(results, FACTORS))))
    assert found["study", "runs"] == "8" and found["study", "seeds"] == "2" and found["study", "holes"] == "0"
    assert ("study", "detectable") in found  # its digits are those of stats/test_power.py
    assert found["baseline", "mean"] == "61.00" and ("baseline", "difference") not in found
    assert found["model=b", "difference"] == "$-$11.00" and found["model=b", "wins"] == "0"
    assert found["model=b+norm=y", "n"] == "2"
    assert found["main:norm=y", "difference"] == "+0.50"  # (0 + 0 + 2 + 0) / 4
    assert found["model=b*norm=y", "difference"] == "$-$1.00"


def test_no_name_breaks_the_file(make_study):
    first, second = "50 %#$&_{x}\\", "50 %#$&_{y}\\"
    results = {"baseline": {0: 0.5}, f"model={first}": {0: 0.5}, f"model={second}": {0: 0.4}}
    text = to_tex(analyse(make_study(results, {"model": ["a", first, second]})))
    names = {name for name, _ in macros(text)}
    assert {"study", "baseline", "model=50 ----_-x--", "model=50 ----_-y--"} == names
    body = text.split("numbers.tex}\\fi}\n")[1]
    assert not re.search(r"[%#&~]", body)
