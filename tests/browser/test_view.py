"""The page of `wattbench view` in a browser: it follows a run that is written, and becomes its report."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

from tests.browser.axe import violations
from tests.browser.conftest import look
from tests.made_up.whole_run import write_whole_run
from wattbench.api.viewing.page_server import PageServer, RunPages
from wattbench.records import RunLayout

pytestmark = pytest.mark.slow

LEAST_RULES = 12
"""Rules of axe that have something to look at on a page of one table."""


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """Serve the page of a run, and return its address."""
    servers: list[PageServer] = []

    def serve(root: Path) -> str:
        servers.append(PageServer(RunPages(root)))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].address

    yield serve
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def unfinished(tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    """A run without its end, scores and half of its answers; and what the files held."""
    root = write_whole_run(tmp_path)
    layout = RunLayout(root)
    whole = {layout.name_of(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    layout.finished.unlink()
    shutil.rmtree(root / "scores")
    for path in root.glob("items/*/*.jsonl"):
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))
    return root, whole


def _said(browser: Any) -> str:
    return str(browser.find_element("id", "content").text)


def _until(browser: Any, condition: Callable[[Any], object]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 30).until(condition)


def test_it_follows_a_run_to_its_report(browser, served, unfinished) -> None:
    root, whole = unfinished
    look(browser)
    browser.get_log("browser")
    with filelock.FileLock(RunLayout(root).lock):
        browser.get(served(root))
        assert "16 of 32 answers recorded" in _said(browser)
        table = browser.find_element("css selector", ".scroll")
        browser.execute_script("arguments[0].focus()", table)
        for name, data in whole.items():
            if name.startswith("items/"):
                (root / name).write_bytes(data)
        _until(browser, lambda _: "32 of 32 answers recorded" in _said(browser))
        assert browser.switch_to.active_element == table  # it is changed in its place
        assert browser.find_elements("id", "verdict") == []
    _until(browser, lambda _: "No process writes this run" in _said(browser))
    assert f"wattbench run --resume {root}" in _said(browser)
    for name, data in sorted(whole.items(), key=lambda each: each[0] == "finished.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    _until(browser, lambda _: browser.find_elements("id", "verdict"))
    assert browser.get_log("browser") == []


def test_a_hostile_state_and_name_stay_text(browser, served, unfinished) -> None:
    root, _ = unfinished
    script = '<img src=x onerror="document.title=1">\u202e'
    header = json.loads((root / "run.json").read_text())
    header["suite"]["suite"]["name"] = script
    (root / "run.json").write_text(json.dumps(header))
    with filelock.FileLock(RunLayout(root).lock) as lock:
        assert lock.is_locked
        state = {"scores": {"big": [1, 2], "small": "x"}, "title": script, "left": script}
        os.truncate(RunLayout(root).lock, 0)
        RunLayout(root).lock.write_text(json.dumps(state | {"scores": {"big": [1, 2]}}))
        browser.get(served(root))
        assert script[:-1] in browser.find_element("tag name", "h1").text
        assert "onerror" in _said(browser)
        assert "\u202e" not in browser.page_source
        assert browser.find_elements("tag name", "img") == []
        RunLayout(root).lock.write_text(json.dumps(state))  # no state: what was known last stays
        browser.refresh()
        assert "onerror" in _said(browser)
    assert not browser.title.startswith("1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser, axe, served, unfinished, scheme) -> None:
    root, _ = unfinished
    look(browser, 390, 800, scheme)
    browser.get(served(root))
    assert violations(browser, axe, least=LEAST_RULES) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


def test_it_says_when_the_server_has_ended(browser, unfinished) -> None:
    root, _ = unfinished
    server = PageServer(RunPages(root))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    browser.get(server.address)
    server.shutdown()
    server.server_close()
    _until(browser, lambda _: "wattbench view has ended" in browser.find_element("id", "connection").text)
    browser.get("about:blank")
    browser.get_log("browser")  # the refused requests
