"""Routers from a file: what is read, what is refused and where, and what the report says of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.made_up.records import call_on
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.html import report, write_report
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.routing.answers.answer_matrix import matrix_of
from wattbench_reports.routing.hybrids.study import studies
from wattbench_reports.sections.hybrids import hybrids_section
from wattbench_reports.tables.routes import read_routes

HEADER = "router,task,doc_id,member,router_s,router_j"
TASKS = ("chain_sum", "spell_backward")


@pytest.fixture
def run(make_run, fake):
    """Three systems over twice five items, and no hybrid."""
    return make_run(fake.Run(fake.plain().systems, items=5))


def lines(router: str = "mine", member: str = "specialist", rest: str = ",,") -> list[str]:
    return [f"{router},{task},{doc},{member}{rest[:2]}" for task in TASKS for doc in range(5)]


def write(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def routes(run, path: Path):
    return read_routes(path, analyse(run).measured.frames)


def test_a_file_is_read_item_by_item(run, tmp_path) -> None:
    rows = lines()
    rows[2], rows[7] = "mine,chain_sum,2,regex > generalist,0.5,0.25", "mine,spell_backward,2,generalist,,0.125"
    (router,) = routes(run, write(tmp_path / "routes.csv", rows))
    analysis = analyse(run)
    keys = (
        analysis.measured.frames.items.assign(row=call_on(matrix_of, analysis).row)
        .drop_duplicates("row")
        .set_index("row")
        .sort_index()
    )
    chains = [router.chains[code] for code in router.chain_of]
    for row, key in keys.iterrows():
        wanted: tuple[str, ...] = ("specialist",)
        if key["doc_id"] == 2:
            wanted = ("regex", "generalist") if key["task"] == "chain_sum" else ("generalist",)
        assert chains[int(row)] == wanted
    assert sorted(router.router_j[np.isfinite(router.router_j)].tolist()) == [0.125, 0.25]
    assert router.router_s[np.isfinite(router.router_s)].tolist() == [0.5]
    assert router.members == ("specialist", "regex", "generalist")


def test_several_routers_without_the_optional_columns(run, tmp_path) -> None:
    rows = [row.rstrip(",") for name in ("one", "two") for row in lines(name)]
    found = routes(run, write(tmp_path / "routes.csv", rows, "router,task,doc_id,member"))
    assert [router.name for router in found] == ["one", "two"]
    assert np.isnan(found[0].router_j).all()


def changed(place: int, row: str) -> list[str]:
    rows = lines()
    rows[place] = row
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(3, "mine,chain_sum,3,nobody,,"), r"routes\.csv:5: no system 'nobody' answered in this run"),
        (changed(3, "mine,chain_sum,3,regex>nobody,,"), r"routes\.csv:5: no system 'nobody'"),
        (changed(3, "mine,chain_sum,3,regex>regex,,"), r"routes\.csv:5: 'regex>regex' asks the same system twice"),
        (changed(3, "mine,chain_sum,3,,,"), r"routes\.csv:5: no system ''"),
        (
            changed(3, "mine,chain_sum,2,regex,,"),
            r"routes\.csv:5: document 2 of task 'chain_sum' is there twice .*line 4",
        ),
        (changed(3, "mine,chain_sum,77,regex,,"), r"routes\.csv:5: the run has no document 77 of task 'chain_sum'"),
        (changed(3, "mine,elsewhere,3,regex,,"), r"routes\.csv:5: the run has no document 3 of task 'elsewhere'"),
        (changed(3, "mine,chain_sum,three,regex,,"), r"routes\.csv:5: doc_id is 'three'"),
        (changed(3, ",chain_sum,3,regex,,"), r"routes\.csv:5: the router has no name"),
        (changed(3, "mine,chain_sum,3,regex,-1,"), r"routes\.csv:5: router_s is '-1'"),
        (changed(3, "mine,chain_sum,3,regex,,nan"), r"routes\.csv:5: router_j is 'nan'"),
        (changed(3, "mine,chain_sum,3"), r"routes\.csv:5: a line needs exactly as many fields"),
        (changed(3, "mine,chain_sum,3,regex,,,more"), r"routes\.csv:5: a line needs exactly as many fields"),
        (changed(3, 'mine,chain_sum,3,"regex,,'), r"routes\.csv:\d+: it is not CSV"),
        (lines()[:-2], r"'mine' has no line for document 3 of task 'spell_backward' and 1 more"),
        ([], r"it has no routes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(run, tmp_path, rows, message: str) -> None:
    with pytest.raises(UserError, match=message):
        routes(run, write(tmp_path / "routes.csv", rows))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("router,task,member,router_s,router_j", "no column doc_id"),
        (f"{HEADER},colour", "unknown columns 'colour'"),
        (f"{HEADER},router_j", "a column is named twice"),
        ("", "no column router, task, doc_id, member"),
    ],
)
def test_a_first_line_that_is_not_ours(run, tmp_path, header: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        routes(run, write(tmp_path / "routes.csv", lines(), header))


def test_files_that_are_none(run, tmp_path) -> None:
    with pytest.raises(UserError, match="no such file"):
        routes(run, tmp_path / "absent.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"router,task\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        routes(run, binary)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UserError, match="no column"):
        routes(run, tmp_path / "empty.csv")


def test_a_name_may_hold_the_sign_of_a_cascade(make_run, fake, tmp_path) -> None:
    run = make_run(fake.Run((fake.System("a>b"), fake.System("a")), items=5))
    (router,) = routes(run, write(tmp_path / "routes.csv", lines(member="a>b")))
    assert router.chains == (("a>b",),)


def test_a_run_without_hybrids_shows_the_routers_of_a_file(run, tmp_path) -> None:
    rows = lines()
    rows[2] = "mine,chain_sum,2,regex>generalist,,0.25"
    path = write(tmp_path / "routes.csv", rows)
    assumptions = Assumptions(routers=path)
    analysis = analyse(run, assumptions)
    assert call_on(hybrids_section, analyse(run)) is None
    items = analysis.measured.frames.items.set_index(["system", "task", "doc_id"])
    score, joules = 0.0, 0.25
    for task in TASKS:
        for doc in range(5):
            asked = ("regex", "generalist") if (task, doc) == ("chain_sum", 2) else ("specialist",)
            score += items.loc[(asked[-1], task, doc), "correct"]
            joules += sum(items.loc[(name, task, doc), "energy_j"] for name in asked)
    (found,) = call_on(studies, analysis).offline
    assert found.outcome.accuracy == pytest.approx(score / 10)
    assert found.outcome.j_per_request == pytest.approx(joules / 10)
    html = report(run, assumptions)
    assert "Routers from the file, over all items" in html
    assert f"report {run.layout.root} -o report.html --routes {path}<" in html  # the page says how it is made
    assert f"compare {run.layout.root}<" in html


@pytest.mark.slow
def test_a_router_of_a_file_stands_beside_each_hybrid(make_run, fake, tmp_path) -> None:
    run = make_run(fake.family(8))
    tasks = ("chain_sum", "spelling", "syllogism", "calendar")
    rows = [f"<b>best</b>,{task},{doc},tuned,," for task in tasks for doc in range(8)]
    path = write(tmp_path / "routes.csv", rows)
    html = write_report(run.layout.root, tmp_path / "r.html", Assumptions(routers=path)).read_text()
    assert html.count("&lt;b&gt;best&lt;/b&gt; (file)") == 2
    assert "<b>best" not in html


def test_the_command_line_reads_it(run, tmp_path) -> None:
    path = write(tmp_path / "routes.csv", lines("from-a-file"))
    out = tmp_path / "report.html"
    done = CliRunner().invoke(main, ["runs", "report", str(run.layout.root), "-o", str(out), "--routes", str(path)])
    assert done.exit_code == 0, done.output
    assert "from-a-file" in out.read_text(encoding="utf-8")
    path.write_text("router\n", encoding="utf-8")
    wrong = CliRunner().invoke(main, ["runs", "report", str(run.layout.root), "-o", str(out), "--routes", str(path)])
    assert wrong.exit_code == 2
    assert re.search(r"routes\.csv:1: no column task", wrong.output)


def test_what_a_spreadsheet_writes_is_read(run, tmp_path) -> None:
    path = tmp_path / "routes.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, dialect="excel", quoting=csv.QUOTE_ALL)
        writer.writerow(HEADER.split(","))
        writer.writerows(row.split(",") for row in lines())
    assert routes(run, path)[0].name == "mine"


def test_files_that_were_joined_are_named_with_the_line(run, tmp_path) -> None:
    path = write(tmp_path / "routes.csv", lines())
    path.write_bytes(b"\xef\xbb\xbf" * 2 + path.read_bytes())
    assert routes(run, path)[0].name == "mine"  # two marks at the beginning change nothing
    rows = lines()
    with pytest.raises(UserError, match=r"routes.csv:5: the line begins with a byte-order mark"):
        routes(run, write(path, [*rows[:3], f"\ufeff{rows[3]}", *rows[4:]]))
