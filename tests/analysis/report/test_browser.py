"""report.html in a real browser: Debian's Chromium."""

import shutil

import pytest

from ablate.analysis.report.write import report
from tests.debian import need

pytestmark = pytest.mark.integration
LEVELS = [f"level{number}" for number in range(8)]


@pytest.fixture(scope="module")
def browser():
    need(["chromium"], ["chromium"])
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(make_study, browser):
    names = ["baseline", *(f"model={level}" for level in LEVELS[1:])]
    results = {name: {seed: 0.5 + 0.03 * i + 0.002 * seed * i for seed in (0, 1)} for i, name in enumerate(names)}
    study = make_study(results, {"model": LEVELS})
    assert report(study) == 0
    messages = []
    page = browser.new_context(offline=True).new_page()
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: messages.append(request.url) if request.url.startswith("http") else None)
    page.goto((study / "report" / "report.html").as_uri())
    page.wait_for_selector("#plot .legend")
    yield page
    assert messages == []  # no errors and no network requests


def column(page, table, number):
    return page.locator(f"table[data-name={table}] tbody tr:visible td:nth-child({number})").all_inner_texts()


def test_a_table_is_sorted_by_number_with_the_keyboard(page):
    before = column(page, "effects", 4)
    assert before[0] == "—" and len(before) == 8
    page.locator("table[data-name=effects] th button").nth(3).focus()
    page.keyboard.press("Enter")
    rising = [float(text.split()[0].replace("−", "-")) for text in column(page, "effects", 4)[:-1]]
    assert rising == sorted(rising) and column(page, "effects", 4)[-1] == "—"
    assert page.locator("table[data-name=effects] th").nth(3).get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    falling = [float(text.split()[0].replace("−", "-")) for text in column(page, "effects", 4)[:-1]]
    assert falling == rising[::-1] and column(page, "effects", 4)[-1] == "—"


def test_a_filter_keeps_the_rows_that_contain_its_words(page):
    page.fill("input[data-table=effects]", "level3")
    assert column(page, "effects", 1) == ["model=level3"]
    assert page.locator("#table-effects output").inner_text() == "1 row"
    page.fill("input[data-table=effects]", "")
    assert len(column(page, "effects", 1)) == 8


def test_a_click_on_a_number_shows_the_runs_of_its_variant_and_the_baseline(page):
    page.locator("table[data-name=effects] tbody tr").nth(3).locator("a").nth(3).click()
    assert column(page, "runs", 1) == ["baseline"] * 2 + ["model=level3"] * 2
    assert page.url.endswith("#run-3")
    link = page.locator("table[data-name=runs] tbody tr:visible").nth(2).locator("a")
    assert link.get_attribute("href") == "../model%3Dlevel3/seed%3D0/"
    page.click("#all-runs")
    assert len(column(page, "runs", 1)) == 16 and not page.is_visible("#all-runs")


def test_curves_are_toggled_by_checkbox_and_legend_and_show_values_on_hover(page):
    shown = "document.getElementById('plot').data.filter(trace => trace.visible === true).length"
    per_variant = 2 * (1 + 2)  # two losses, each with a mean and two seeds
    assert page.evaluate(shown) == 6 * per_variant
    box = page.locator("input[data-curve='7']")
    box.focus()
    page.keyboard.press("Space")
    assert box.is_checked() and page.evaluate(shown) == 7 * per_variant
    page.locator("input[data-curve='0']").uncheck()
    assert page.evaluate(shown) == 6 * per_variant
    legend = page.locator("#plot .legendtoggle")
    count = legend.count()
    legend.first.click()
    page.wait_for_selector("#plot .legend .traces[style*='opacity: 0.5']")  # plotly waits for a second click
    assert count == 2 * 6 and page.evaluate(shown) == 5 * per_variant
    page.locator("#plot .points path").first.hover(force=True)
    page.wait_for_selector("#plot .hoverlayer .hovertext")
    assert "validation" in page.locator("#plot .hoverlayer").inner_html()
