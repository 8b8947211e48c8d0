"""The site builds without warnings, and all links in it and in README, CONTRIBUTING and CHANGELOG are valid."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.docs.pages import GENERATED, ROOT, checkout


class Links(HTMLParser):
    """The targets of links in an HTML page, and the ids in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.append(value)
            if name == "id" and value:
                self.ids.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    root = checkout(tmp_path_factory.mktemp("site") / "ablate")
    make = subprocess.run(
        ["make", "docs", "-o", ".venv/.documented"], cwd=root, capture_output=True, text=True, timeout=300
    )
    assert make.returncode == 0, make.stdout + make.stderr
    return root / "build/site"


@pytest.mark.integration
def test_every_link_has_an_existing_target(site):
    pages = {path: Links(path.read_text()) for path in site.rglob("*.html") if path.name != "404.html"}
    visited = 0
    for path, page in pages.items():
        for link in page.targets:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("http", "https", "data"), f"{path}: {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{path.relative_to(site)}: {link}"
            if parts.fragment and not parts.fragment.startswith("__") and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path.relative_to(site)}: {link}"
            visited += 1
    assert len(pages) > 20 and visited > 500


@pytest.mark.integration
def test_pages_load_nothing_from_the_network(site):
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]*\ssrc="https?:|<link[^>]*rel="(?:stylesheet|preconnect)"[^>]*https?:'
    )
    assert [path for path in site.rglob("*.html") if loaded.search(path.read_text())] == []


def test_the_navigation_lists_exactly_the_existing_pages():
    def leaves(node: object) -> list[str]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        return [leaf for part in node for leaf in leaves(part)] if isinstance(node, list) else [str(node)]

    named = leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    docs = ROOT / "docs"
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md") if docs / "results" not in path.parents}
    assert set(named) == written | {f"reference/{name}" for name in GENERATED} and len(named) == len(set(named))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_outside_the_site_have_existing_targets(name):
    text = (ROOT / name).read_text()
    links = [link for pair in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text) for link in pair if link]
    local = [link.partition("#")[0] for link in links if not link.startswith("http")]
    assert local and [link for link in local if not (ROOT / link).exists()] == []
