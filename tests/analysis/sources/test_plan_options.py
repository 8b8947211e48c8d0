"""Options that the plan of a study fixes are refused, from Python as on the command line."""

import pytest

from ablate.api import read
from ablate.commands import report
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("option", "flag"),
    [
        ({"direction": "min"}, "minimize"),
        ({"margin": 0.0}, "margin"),
        ({"unit": "%"}, "unit"),
        ({"scale": 2.0}, "scale"),
        ({"seed": "seed"}, "seed"),
        ({"factors": ["model"]}, "factors"),
        ({"block": "model"}, "block"),
    ],
)
def test_an_option_that_the_plan_fixes_is_refused(make_study, monkeypatch, option, flag):
    monkeypatch.setattr(read, "call", lambda verb, words, **_: report.main(words))  # in this process, which is faster
    study = make_study({"baseline": {0: 0.5}, "model=b": {0: 0.6}}, {"model": ["a", "b"]})
    with pytest.raises(InputError, match=f"--{flag} is for tables"):
        read.report(study, **option)
