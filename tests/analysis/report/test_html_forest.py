"""The intervals in the rows of report.html."""

import re

from ablate.analysis import collect, verdict
from ablate.analysis.effects import effects
from ablate.analysis.figures.forest import MARKERS
from ablate.analysis.figures.forest import effects as draw
from ablate.analysis.metric_format import MetricFormat
from ablate.analysis.report.html_forest import MARKS, forest, mark
from ablate.runs.metric import Metric


def test_every_verdict_has_a_mark_of_its_own():
    assert set(MARKS) == set(verdict.ALL) == set(MARKERS)
    assert len({mark(name) for name in verdict.ALL}) == len(verdict.ALL) and mark(collect.BASELINE) == ""


def test_a_row_has_seeds_interval_mean_and_margin(make_study):
    results = {"baseline": {0: 0.5, 1: 0.6, 2: 0.7}, "model=b": {0: 0.55, 1: 0.66, 2: 0.74}, "model=c": {0: "diverged"}}
    runs = collect.collect(make_study(results, {"model": ["a", "b", "c"]}))
    shown = MetricFormat(Metric(margin=1.0))
    header, rows = forest(effects(runs, metric=shown.metric), runs, shown)
    assert rows["model=b"].count('class="seed"') == 3 and rows["model=b"].count('class="interval"') == 1
    assert rows["model=b"].count("transform") == 1 and rows["model=c"].count("transform") == 0
    assert {row.count('class="margin"') for row in rows.values()} == {1} and "better →" in header
    zero = {re.search(r'class="zero" d="M([0-9.]+) ', text)[1] for text in rows.values()}
    assert len(zero) == 1  # one scale


def test_without_a_difference_there_is_nothing_to_draw(make_study):
    runs = collect.collect(make_study({"baseline": {0: 0.5, 1: 0.6}}, {"model": ["a"]}))
    assert forest(effects(runs), runs, MetricFormat(Metric())) is None


def test_an_interval_is_cut_off_in_the_pdf_and_here(make_study):
    """t of one degree of freedom is 12.7, of four 2.8: the interval of b is 45 points long on each side."""
    noise = (0.001, -0.002, 0.002, 0.0, -0.001)
    results = {"baseline": dict.fromkeys(range(5), 0.8), "model=b": {0: 0.75, 1: 0.82}}
    results |= {f"model={name}": {s: 0.8 + k / 100 + x for s, x in enumerate(noise)} for k, name in enumerate("cdef")}
    runs = collect.collect(make_study(results, {"model": [*"abcdef"]}))
    compared, shown = effects(runs), MetricFormat(Metric())
    _, rows = forest(compared, runs, shown)
    assert re.search(r'class="interval" d="M[0-9.]+ 11H[0-9.]+M[0-9.]+ 7l-5 4 5 4M[0-9.]+ 7l5 4-5 4"', rows["model=b"])
    assert [name for name, row in rows.items() if "l-5 4 5 4" in row] == ["model=b"]
    axis = draw(compared, runs, shown).axes[0]
    thick = [line for line in axis.lines if line.get_label() == "_interval"]
    low, high = axis.get_xlim()
    beyond = [line for line in thick if line.get_xdata()[0] < low or line.get_xdata()[1] > high]
    assert len(thick) == 5 and beyond == thick[:1]  # b is the first row
