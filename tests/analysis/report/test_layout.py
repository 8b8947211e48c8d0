"""How the parts of the report are arranged on two pages."""

from dataclasses import replace

import pytest

from ablate.analysis.report import layout
from ablate.analysis.report.layout import PAGE, ROWS, SIZES, Heights, balanced, fitting

FIGURES = {"effects": 7.0, "loss_curves": 9.0, "accuracy_curves": 9.0, "variance_shares": 6.0, "cost": 7.0}
HEIGHTS = Heights(
    title=0.8, first={size: 1.7 * size for size in SIZES}, last=dict.fromkeys(SIZES, 0.0),
    table={rows: 2 + 0.4 * rows for rows in ROWS}, test_table=0.0, foot=1.5, figures=FIGURES,
)  # fmt: skip


def shown(chosen) -> set[str]:
    return {*chosen.first, *chosen.second, *chosen.wide, *(name for pair in chosen.curves for name in pair)}


def test_two_columns_are_as_short_as_their_figures_allow():
    assert balanced(10, []) == pytest.approx(5, abs=1)  # text breaks anywhere
    assert balanced(10, [4, 4]) == pytest.approx(9, abs=1)
    assert balanced(2, [6, 5, 4]) == pytest.approx(9, abs=1)  # 2 + 6 and 5 + 4
    assert balanced(0, []) == 0


def test_loss_and_accuracy_are_side_by_side_and_all_that_fits_is_shown():
    chosen = fitting(HEIGHTS)
    assert chosen.pages <= 2 and chosen.curves == (("loss_curves", "accuracy_curves"),)
    assert chosen.rows == max(ROWS) and shown(chosen) == set(FIGURES)


@pytest.mark.parametrize("further", [{}, {"confusion": 10.0}, {"confusion": 30.0}, {"samples": 3.0, "confusion": 20.0}])
def test_a_figure_that_does_not_fit_is_left_out_and_a_smaller_one_is_not(further):
    chosen = fitting(replace(HEIGHTS, figures=FIGURES | further, wide={*further}))
    assert chosen.pages <= 2 and set(FIGURES) <= shown(chosen)
    assert ("samples" in shown(chosen)) == ("samples" in further)
    assert "confusion" not in shown(chosen) or further["confusion"] < 15


def test_rows_of_the_table_are_left_out_before_the_curves_and_the_curves_before_the_forest_plot():
    curves = {"loss_curves": 14.0, "accuracy_curves": 14.0}
    long = replace(HEIGHTS, figures={"effects": 8.0, **curves}, first=dict.fromkeys(SIZES, 36.0))
    chosen = fitting(long)
    assert chosen.pages <= 2 and chosen.rows < max(ROWS) and shown(chosen) == {"effects", *curves}
    longer = fitting(replace(long, first=dict.fromkeys(SIZES, 70.0)))
    assert longer.pages <= 2 and shown(longer) == {"effects"}
    assert fitting(replace(long, first=dict.fromkeys(SIZES, 140.0))).pages == 3


def test_curves_of_further_variants_fill_the_last_page():
    more = {f"{name}_2": 6.0 for name in ("loss_curves", "accuracy_curves")}
    chosen = fitting(replace(HEIGHTS, figures={**FIGURES, **more}, first=dict.fromkeys(SIZES, 10.0)))
    assert len(chosen.curves) == 2 and chosen.pages <= 2


def test_the_first_page_is_filled_with_small_figures_if_the_curves_do_not_fit():
    curves = {"loss_curves": 16.0, "accuracy_curves": 16.0}
    chosen = fitting(replace(HEIGHTS, figures={**FIGURES, **curves}, table=dict.fromkeys(ROWS, 4.0)))
    assert {"effects", "variance_shares"} <= set(chosen.first)
    assert layout._filled(HEIGHTS, chosen)[0] <= PAGE


def test_only_text_breaks_across_pages():
    long = replace(HEIGHTS, first=dict.fromkeys(SIZES, 60.0))
    chosen = fitting(long)
    assert not chosen.first and chosen.pages <= 2 and "effects" in shown(chosen)


def test_the_table_of_other_test_sets_is_shown_where_it_fits_and_named_in_a_line_where_not():
    line = 0.5
    whole = fitting(replace(HEIGHTS, other_tests=(4.0, line)))
    assert whole.other_tests == 0 and whole.pages <= 2 and {"effects", "loss_curves"} <= shown(whole)
    for size in (25.0, 60.0):  # the table needs the place of the curves, or of all
        chosen = fitting(replace(HEIGHTS, other_tests=(size, line)))
        assert chosen.other_tests == 1 and replace(chosen, other_tests=0).rows == fitting(HEIGHTS).rows
        assert {"effects", "loss_curves", "accuracy_curves"} <= shown(chosen) and chosen.pages <= 2
