"""What a run and an import end with, what `compare` begins with, and where a report goes."""

from __future__ import annotations

import importlib
import json
import webbrowser
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore
from wattbench.cli import main

ANSWERS = "system,item,score,cost\n" + "".join(
    f"{name},{item},{int(item < right)},{cost}\n"
    for name, right, cost in (("large", 36, 0.004), ("small", 24, 0.001))
    for item in range(40)
)


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
    done = invoke("runs", "report", finished)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{finished}.html\n"
    assert no_page == [Path(f"{finished}.html")]


def test_a_report_of_the_folder_one_is_in_goes_next_to_it(
    invoke, finished: Path, no_page: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    assert invoke("runs", "report", ".").stdout == f"{finished}.html\n"
    monkeypatch.chdir(finished.parent)
    assert invoke("runs", "report", f"{finished.name}/").stdout == f"{finished.name}.html\n"


def test_a_report_opens_in_the_browser(invoke, finished: Path, no_page: list[Path], opened: list[str]) -> None:
    assert invoke("runs", "report", finished, "--open").exit_code == 0
    assert opened == [f"file://{finished}.html"]


def test_without_a_browser_the_page_is_named(invoke, finished, no_page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    done = invoke("runs", "report", finished, "--open")
    assert done.exit_code == 0
    assert f"no browser could be opened; the page is {finished}.html" in done.stderr


@pytest.fixture
def measured(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `wattbench run` measures here: nothing, as the run is at hand."""
    module = importlib.import_module("wattbench.api.run")  # the package's `run` is the function
    monkeypatch.setattr(module, "run_new", lambda *_, **__: finished)
    return finished


def test_a_run_ends_with_the_advice_and_standard_output_is_its_path(invoke, measured: Path, golden) -> None:
    done = invoke("run", "quick")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{measured}\n"
    golden("run-ends.txt", done.stderr.replace(str(measured), "runs/RUN"))


def test_a_run_says_where_its_report_is(invoke, measured: Path, tmp_path: Path, no_page, opened: list[str]) -> None:
    done = invoke("run", "quick", "--report", tmp_path / "r.html")
    assert done.stderr.splitlines()[-1] == f"report: {tmp_path / 'r.html'}"
    done = invoke("run", "quick", "--open")
    assert done.stderr.splitlines()[-1] == f"report: {measured}.html"
    assert no_page == [tmp_path / "r.html", Path(f"{measured}.html")]
    assert opened == [f"file://{measured}.html"]


def test_a_finished_run_is_not_failed_by_its_advice(invoke, measured, monkeypatch: pytest.MonkeyPatch) -> None:
    import wattbench_reports.export.compared_runs as compared_runs

    def fails(*_: object) -> None:
        raise ZeroDivisionError("no draws")

    monkeypatch.setattr(compared_runs, "decided", fails)
    done = invoke("run", "quick")
    assert done.exit_code == 0
    assert done.stdout == f"{measured}\n"
    assert "wattbench: no advice on this run: no draws" in done.stderr


def test_an_import_ends_with_the_advice(invoke, tmp_path: Path, golden) -> None:
    table = tmp_path / "answers.csv"
    table.write_text(ANSWERS, "utf-8")
    done = invoke("runs", "import", table, "--out", tmp_path / "runs", "--currency", "USD")
    assert done.exit_code == 0, done.output
    root = Path(done.stdout.rstrip("\n"))
    assert (root / "run.json").is_file()
    golden("import-ends.txt", done.stderr.replace(str(root), "runs/RUN"))


def test_compare_begins_with_the_advice_under_the_requirements(invoke, finished: Path) -> None:
    done = invoke("runs", "compare", finished, "--min-accuracy", "0.9")
    assert done.stdout.startswith("Run none of them yet: none has an accuracy of at least 90%; generalist comes")
    data = json.loads(invoke("runs", "compare", finished, "--min-accuracy", "0.9", "--format", "json").stdout)
    assert data["decision"]["advice"].startswith("Run none of them yet: none has")
    header, *rows = invoke("runs", "compare", finished, "--min-accuracy", "0.9", "--format", "csv").stdout.splitlines()
    assert header.endswith("qualifies,counted,advised")
    assert len(rows) == 3
    assert all(",no," in row for row in rows)


def test_several_runs_have_no_advice(invoke, finished: Path, tmp_path: Path) -> None:
    other = RunStore(tmp_path / "store").write(tmp_path, FakeRun(plain_systems(), id="bbb222"))
    data = json.loads(invoke("runs", "compare", finished, other, "--format", "json").stdout)
    assert "decision" not in data
