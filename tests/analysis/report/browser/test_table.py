"""The tables of report.html in a browser."""

import pytest

from ablate.analysis.report.write import write_report
from ablate.analysis.sources.any_source import Asked, results

pytestmark = pytest.mark.integration


def column(page, table, number):
    return page.locator(f"table[data-name={table}] tbody tr:visible td:nth-child({number})").all_inner_texts()


def focused(page):
    return page.evaluate("document.activeElement.closest('tr')?.id")


def test_a_table_is_sorted_by_number_with_the_keyboard(page):
    before = column(page, "effects", 3)
    assert before[0] == "—" and len(before) == 17
    page.locator("table[data-name=effects] th .sort").nth(2).focus()
    heading = page.locator("table[data-name=effects] th").nth(2)
    page.keyboard.press("Enter")
    rising = [float(text.split()[0].replace("−", "-")) for text in column(page, "effects", 3)[:-1]]
    assert rising == sorted(rising) and column(page, "effects", 3)[-1] == "—"
    assert heading.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    falling = [float(text.split()[0].replace("−", "-")) for text in column(page, "effects", 3)[:-1]]
    assert falling == rising[::-1] and column(page, "effects", 3)[-1] == "—"
    page.keyboard.press("Enter")
    assert column(page, "effects", 3) == before and heading.get_attribute("aria-sort") is None


def test_a_filter_keeps_the_rows_that_contain_its_words(page):
    page.fill("input[data-table=effects]", "level13")
    assert column(page, "effects", 1) == ["model=level13"]
    assert page.locator("#table-effects output").inner_text() == "1 row"
    page.fill("input[data-table=effects]", "")
    assert len(column(page, "effects", 1)) == 17


def test_from_a_number_to_its_runs_and_back(page):
    page.locator("#effects-3 td").nth(2).click()
    assert column(page, "runs", 1) == ["baseline"] * 2 + ["model=level3"] * 2
    assert page.url.endswith("#runs-3") and focused(page) == "runs-3"
    assert page.locator("#chosen-runs span").inner_text() == "Runs of model=level3 and of the baseline"
    link = page.locator("table[data-name=runs] tbody tr:visible").nth(2).locator("a")
    assert link.get_attribute("href") == "../model%3Dlevel3/seed%3D0/"
    page.click("#back")
    assert focused(page) == "effects-3" and len(column(page, "runs", 1)) == 34 and not page.is_visible("#all-runs")
    page.keyboard.press("Enter")  # the variant's name is a link
    assert focused(page) == "runs-3"
    page.go_back()
    page.locator("#effects-3 a:focus").wait_for()
    assert len(column(page, "runs", 1)) == 34


def test_an_address_of_runs_shows_them(study, opened):
    page = opened(study / "report/report.html")
    address = page.url + "#runs-5"
    page.goto("about:blank")
    page.goto(address)
    assert set(column(page, "runs", 1)) == {"baseline", "model=level5"}
    page.click("#back")
    assert focused(page) == "effects-5"


def test_a_column_is_explained_with_keyboard_and_touch(page):
    button = page.locator("table[data-name=effects] .help[aria-label='What g_z means']")
    text = page.locator("[popover]", has_text="Hedges' g").first
    assert not text.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert text.is_visible()
    page.keyboard.press("Escape")
    assert not text.is_visible()


def test_the_picture_of_a_row_shows_its_interval_on_the_scale_of_the_column(page):
    """The distance of two marks is the difference of their numbers, times the pixels between two ticks of the axis."""

    def center(selector):
        box = page.locator(selector).bounding_box()
        return box["x"] + box["width"] / 2

    ticks = page.locator("table[data-name=effects] .axis text[y='24']")
    values = [float(text.replace("−", "-")) for text in ticks.all_text_contents()]
    places = [box["x"] + box["width"] / 2 for box in (ticks.nth(i).bounding_box() for i in range(len(values)))]
    pixels = (places[-1] - places[0]) / (values[-1] - values[0])
    shown = [float(text.split()[0].replace("−", "-")) for text in column(page, "effects", 3)[1:]]
    marks = [center(f"#effects-{number} .forest path[transform]") for number in range(1, 17)]
    expected = [places[values.index(0)] + pixels * value for value in shown]
    assert all(abs(mark - place) < 2 for mark, place in zip(marks, expected, strict=True))


def cpu_seconds(page):
    """The processor time of the page so far; unlike the clock's, it does not depend on what else the machine does."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "ProcessTime")


def test_a_thousand_variants_open_at_once_and_stay_small(tmp_path, opened):
    path = tmp_path / "results.csv"
    rows = [f"v{net:04},{seed},{0.5 + net / 4000 + seed * net / 1e6}" for net in range(1000) for seed in range(3)]
    path.write_text("\n".join(["net,seed,accuracy", *rows]))
    write_report(results(path, Asked(metric="accuracy", seed="seed", unit="%")))
    page_file = next(tmp_path.rglob("report.html"))
    assert page_file.stat().st_size < 5e6
    page = opened(page_file)
    assert cpu_seconds(page) < 2
    assert len(column(page, "effects", 1)) == 100
    page.fill("input[data-table=effects]", "v0999")
    assert column(page, "effects", 1) == ["net=v0999"]
    page.locator("#effects-999 td").nth(2).click()
    assert column(page, "runs", 1) == ["baseline"] * 3 + ["net=v0999"] * 3
    page.click("#back")
    page.fill("input[data-table=effects]", "")
    page.click("#table-effects .more")
    assert len(column(page, "effects", 1)) == 1000
