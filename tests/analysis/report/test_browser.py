"""report.html in a real browser: Debian's Chromium."""

import shutil

import pytest

from ablate.analysis.report.write import report, write_report
from ablate.analysis.sources.open import Asked, results
from tests.debian import need

pytestmark = pytest.mark.integration
LEVELS = [f"level{number}" for number in range(17)]
# The contrast ratio of each text with its background (WCAG 2.2): [[ratio, text]] of those below 4.5.
FAINT_TEXTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => rgba(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return "white";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.tagName === "SCRIPT") continue;
    const style = getComputedStyle(element);
    const [a, b] = [element.namespaceURI.endsWith("svg") ? style.fill : style.color, behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([ratio, walker.currentNode.data]);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def browser():
    need(["chromium"], ["chromium"])
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def study(make_shared_study):
    """A baseline and 16 variants of two seeds, each with a larger difference than the one before it."""
    names = ["baseline", *(f"model={level}" for level in LEVELS[1:])]
    accuracies = {name: {seed: 0.5 + 0.02 * i + 0.002 * seed * i for seed in (0, 1)} for i, name in enumerate(names)}
    folder = make_shared_study(accuracies, {"model": LEVELS}, margin=1.0)
    assert report(folder) == 0
    return folder


@pytest.fixture
def opened(browser):
    """opened(path, width, colors) -> page. At the end no page has had an error or asked for the network."""
    messages, contexts = [], []

    def open_page(path, width=1200, colors="light"):
        contexts.append(
            browser.new_context(offline=True, color_scheme=colors, viewport={"width": width, "height": 800})
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: messages.append(request.url) if request.url.startswith("http") else None)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert messages == []


@pytest.fixture
def page(study, opened):
    return opened(study / "report/report.html")


def cpu_seconds(page):
    """The processor time of the page so far; unlike the clock's, it does not depend on what else the machine does."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "ProcessTime")


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


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_texts_have_contrast(study, opened, colors):
    page = opened(study / "report/report.html", colors=colors)
    assert page.evaluate(FAINT_TEXTS) == []
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") == (colors == "light")


def test_the_theme_is_chosen_and_remembered(page):
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    for expected in ("light", "dark"):
        page.click("#theme")
        assert page.locator("#theme").inner_text() == f"Theme: {expected}"
    assert page.evaluate(back) != light
    page.reload()
    assert page.evaluate(back) != light


@pytest.mark.parametrize("width", [375, 800, 1400])
def test_only_tables_scroll_sideways(study, opened, width):
    page = opened(study / "report/report.html", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    first = page.locator("#effects-16 td").first
    before = first.bounding_box()["x"]
    page.locator("#table-effects .scroll").evaluate("box => { box.scrollLeft = 300; box.scrollTop = 300; }")
    assert first.bounding_box()["x"] == before  # the names stay
    top = page.locator("#table-effects .scroll").bounding_box()["y"]
    assert abs(page.locator("#table-effects th").first.bounding_box()["y"] - top) < 3  # and so does the header


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
