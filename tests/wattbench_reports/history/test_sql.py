from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from wattbench.errors import UserError
from wattbench_reports.history import load_history, query
from wattbench_reports.history.loader import index_path


def test_answers_windows_runs_and_figures_can_be_asked(made_once: Path) -> None:
    history = load_history(made_once)
    assert query(made_once, "SELECT count(*) AS n FROM runs").rows == ((6,),)
    answer = query(made_once, "SELECT date, suite, backfilled FROM runs ORDER BY date LIMIT 1")
    assert answer.columns == ("date", "suite", "backfilled")
    assert answer.rows == ((datetime.date(2026, 1, 1), "scale", False),)
    told = query(made_once, "SELECT run, avg(correct) FROM items WHERE system = 'generalist' GROUP BY run ORDER BY run")
    cells = query(
        made_once,
        "SELECT run, value FROM cells WHERE system = 'generalist' AND domain = '' AND metric = 'accuracy' ORDER BY run",
    )
    assert [row[0] for row in told.rows] == [night.run for night in history.nights]
    assert [row[1] for row in told.rows] == pytest.approx([row[1] for row in cells.rows])
    together = "SELECT count(*) FROM items JOIN windows USING (run, \"window\") WHERE purpose = 'measured'"
    assert query(made_once, together).rows == query(made_once, "SELECT count(*) FROM items").rows


def test_a_folder_whose_name_has_brackets_and_quotes(nights_root: Path) -> None:
    odd = nights_root.rename(nights_root.with_name("a [b] *c?'"))
    assert query(odd, "SELECT count(DISTINCT run) FROM items").rows == ((6,),)


def test_a_history_without_nights_has_no_items(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert query(tmp_path, "SELECT * FROM runs").rows == ()
    assert query(tmp_path, "SELECT * FROM cells").columns[0] == "run"
    with pytest.raises(UserError, match="items"):
        query(tmp_path, "SELECT * FROM items")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW items",
        "CREATE TABLE t AS SELECT 1",
        "COPY (SELECT 1) TO '{here}/out.csv'",
        "COPY (SELECT 1) TO '{runs}/out.csv'",
        "ATTACH '{here}/other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA memory_limit='1GB'",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_only_one_select_is_taken(indexed_root: Path, tmp_path: Path, sql: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    run = load_history(indexed_root).nights[0].root
    with pytest.raises(UserError, match="one SELECT over items, windows, runs, cells"):
        query(indexed_root, sql.format(here=tmp_path, runs=run))
    assert set(tmp_path.rglob("*")) - set(before) <= {
        indexed_root / ".index",
        index_path(indexed_root),
    }


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('/etc/passwd')",
        "read_text('{here}/secret.txt')",
        "read_text('{run}/../../../secret.txt')",
        "'{here}/secret.csv'",
        "glob('{here}/*')",
        "read_parquet('https://example.org/a.parquet')",
        "secret_frame",
    ],
)
def test_nothing_but_the_runs_is_read(indexed_root: Path, tmp_path: Path, source: str) -> None:
    secret_frame = load_history(indexed_root).values  # in the reach of whoever resolves names by the caller's variables
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    run = load_history(indexed_root).nights[0].root
    with pytest.raises(UserError, match="the query failed"):
        query(indexed_root, f"SELECT * FROM {source.format(here=tmp_path, run=run)}")
    assert len(secret_frame)


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT nothing FROM items", "SELECT 1 / 'a'"])
def test_a_wrong_question_ends_in_a_sentence(made_once: Path, sql: str) -> None:
    with pytest.raises(UserError, match="the query failed"):
        query(made_once, sql)
