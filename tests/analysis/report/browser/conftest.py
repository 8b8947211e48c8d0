"""report.html in a real browser: Debian's Chromium."""

import shutil

import pytest

from ablate.analysis.report.write import report
from tests.debian import need

LEVELS = [f"level{number}" for number in range(17)]


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
