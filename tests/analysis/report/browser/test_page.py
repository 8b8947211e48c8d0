"""The page of report.html in a browser: contrast, theme, width."""

import pytest

pytestmark = pytest.mark.integration
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
