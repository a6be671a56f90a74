"""The docs' site as a reader has it: built strictly, on a desk and on a phone, without a request to elsewhere."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from docs.site.pages import write_pages

ROOT = Path(__file__).parents[2]
SHAPE = {"ol", "ul", "li", "table", "tr", "pre", "blockquote", "img", "h1", "h2", "h3", "h4"}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site: a folder with `pages`, as Markdown, and `html`."""
    folder = tmp_path_factory.mktemp("site")
    for source in ("harness", "reports"):
        (folder / source).symlink_to(ROOT / source)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    write_pages(ROOT, folder / "build" / "site" / "pages")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(site / "html"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Shape(HTMLParser):
    """Counts the elements of an article, or of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts = Counter[str]()
        _, found, article = html.partition("<article")
        self.feed(article.partition("</article>")[0] if found else html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1


def test_a_page_has_the_same_parts_as_on_github(site: Path) -> None:
    """Lists, tables and code: Python-Markdown reads some of what GitHub reads as part of a paragraph."""
    github = MarkdownIt("commonmark").enable("table")
    pages = [page for page in (site / "pages").rglob("*.md") if page.name != "python-api.md"]
    assert len(pages) > 30
    for page in pages:
        html = (site / "html" / page.relative_to(site / "pages")).with_suffix(".html")
        if page.name == "README.md":
            html = html.with_name("index.html")
        here, there = _Shape(html.read_text()).counts, _Shape(github.render(page.read_text())).counts
        assert {tag: here[tag] for tag in SHAPE} == {tag: there[tag] for tag in SHAPE}, page


def test_the_python_api_shows_every_name_with_its_arguments(site: Path) -> None:
    page = (site / "html" / "reference" / "python-api.html").read_text()
    assert 'id="wattbench.api.run.run"' in page
    assert "a file, or the name of a suite that wattbench ships" in page


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_pages_fit_and_load_nothing_from_elsewhere(
    browser: Any, address: str, site: Path, width: int, height: int
) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get_log("performance")
        for page in (
            "index",
            "your-own-data",
            "suite-file",
            "why/index",
            "why/blocks",
            "reference/commands",
            "reference/python-api",
        ):
            browser.get(f"{address}/{page}.html")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        sent = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        assert len(sent) > 10
        assert [url for url in sent if not url.startswith((address, "data:"))] == []
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_search_finds_a_page(browser: Any, address: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{address}/index.html")
    [dialog] = WebDriverWait(browser, 20).until(
        lambda page: [each for each in page.find_elements(By.CSS_SELECTOR, "body div") if has_shadow(page, each)]
    )
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    field = WebDriverWait(browser, 20).until(lambda _: dialog.shadow_root.find_element(By.CSS_SELECTOR, "input"))
    WebDriverWait(browser, 20).until(lambda _: field.is_displayed())
    field.send_keys("blocks hold time")
    assert WebDriverWait(browser, 20).until(
        lambda _: dialog.shadow_root.find_elements(By.CSS_SELECTOR, "a[href*='why/blocks.html']")
    )


def has_shadow(browser: Any, element: Any) -> bool:
    """Return whether an element has a tree of its own, as the dialog of the search has."""
    return bool(browser.execute_script("return arguments[0].shadowRoot !== null", element))
