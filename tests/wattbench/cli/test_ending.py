"""Where the report of a run goes, and how it is opened."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore
from wattbench.cli import main


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three systems."""
    folder = tmp_path_factory.mktemp("runs")
    return RunStore(folder / "store").write(folder, FakeRun(plain_systems()))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    pages: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: pages.append(address) or True)
    return pages


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The reports that were to be written; none is drawn."""
    import wattbench_reports.html

    pages: list[Path] = []
    monkeypatch.setattr(wattbench_reports.html, "write_report", lambda _, page, *__, **___: pages.append(page))
    return pages


@pytest.fixture
def invoke() -> Callable[..., click.testing.Result]:
    """Run the command line in this process."""
    return lambda *words: click.testing.CliRunner().invoke(main, [str(word) for word in words])


def test_a_report_goes_next_to_its_run(invoke, finished: Path, no_page: list[Path]) -> None:
    done = invoke("report", finished)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{finished}.html\n"
    assert no_page == [Path(f"{finished}.html")]


def test_a_report_of_the_folder_one_is_in_goes_next_to_it(
    invoke, finished: Path, no_page: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    assert invoke("report", ".").stdout == f"{finished}.html\n"
    monkeypatch.chdir(finished.parent)
    assert invoke("report", f"{finished.name}/").stdout == f"{finished.name}.html\n"


def test_a_report_opens_in_the_browser(invoke, finished: Path, no_page: list[Path], opened: list[str]) -> None:
    assert invoke("report", finished, "--open").exit_code == 0
    assert opened == [f"file://{finished}.html"]


def test_without_a_browser_the_page_is_named(invoke, finished, no_page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    done = invoke("report", finished, "--open")
    assert done.exit_code == 0
    assert f"no browser could be opened; the page is {finished}.html" in done.stderr
