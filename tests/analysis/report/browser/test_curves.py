"""The learning curves of report.html in a browser."""

import pytest

pytestmark = pytest.mark.integration


def lines(page):
    return page.locator("#plots g[data-variant]").evaluate_all("groups => groups.map(one => one.dataset.variant)")


def test_curves_of_both_panels_share_axes_and_are_chosen_by_checkbox(page):
    ticks = [page.locator(f"#plots > div:nth-child({panel}) text.left").all_text_contents() for panel in (1, 2)]
    assert ticks[0] == ticks[1] and len(ticks[0]) > 2
    assert lines(page) == [*"0", *map(str, range(12, 17))] * 2 and page.locator("#plots .context").count() == 2 * 11
    page.locator("[data-curve='7']").focus()
    page.keyboard.press("Space")
    assert "7" in lines(page) and page.locator("#plots .context").count() == 2 * 10
    assert [page.locator(f"#plots > div:nth-child({panel}) text.left").all_text_contents() for panel in (1, 2)] == ticks
    assert page.locator("#plots g[data-variant='7'] .thin").count() == 2 * 2
    page.locator("[data-show=seeds]").uncheck()
    assert page.locator("#plots .thin").count() == 0


def test_values_are_read_with_the_keyboard_and_the_pointer(page):
    """The validation loss of the baseline after epoch 1 is 0.5 + 1.5 x 0.6, and of the other seed the same."""
    page.locator("#quantity label", has_text="Loss").click()
    page.locator("#cursor").focus()
    page.keyboard.press("Home")
    row = page.locator("#values tbody tr").first.locator("td").all_inner_texts()
    assert page.locator("#epoch").inner_text() == "1" and row[0] == "baseline"
    assert row[1].startswith("1.12 ") or row[1].startswith("1.120"), row
    assert row[2].startswith("1.400"), row
    box = page.locator("#plots svg").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + 100)
    assert page.locator("#epoch").inner_text() == "4"


def test_dragging_zooms_and_reset_shows_all_epochs(page):
    page.locator("#plots svg").first.scroll_into_view_if_needed()
    box = page.locator("#plots svg").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + 100)
    page.mouse.up()
    assert page.input_value("#from") != "1" and page.input_value("#to") == "4"
    page.click("#reset")
    assert page.input_value("#from") == "1"
