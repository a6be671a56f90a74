"""Query the runs of a history in SQL, read-only, without access to anything else."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, require
from wattbench.records import RunLayout
from wattbench_reports.history.loader import load_history
from wattbench_reports.history.model import History
from wattbench_reports.history.night_metrics import connected, literally

VIEWS = ("items", "windows", "runs", "cells")
"""What can be asked: every answer, every window, every finished run, and every figure of `History.values`."""


@dataclass(frozen=True)
class Rows:
    """The result of a query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def query(root: Path, sql: str) -> Rows:
    """Query a history with one SELECT.

    Args:
        root: as of `load_history`.
        sql: one SELECT of DuckDB's over `VIEWS`.

    Raises:
        UserError: there is no history, or the question cannot be answered.
        MissingExtraError: DuckDB is not installed.
    """
    duckdb = require("duckdb", extra="history", what="Querying a history")
    history = load_history(root)
    with connected(duckdb) as connection:
        _lay_out(connection, history)
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UserError(f"a history is queried by one SELECT over {', '.join(VIEWS)}; it cannot be changed")
            answer = connection.execute(statements[0])
            return Rows(tuple(column[0] for column in answer.description), tuple(answer.fetchall()))
        except duckdb.Error as error:
            raise UserError(f"the query failed: {error}") from error


def _lay_out(connection: Any, history: History) -> None:
    """Make the views, then disable all other access for good."""
    import pandas as pd

    nights = [vars(night) | {"root": str(night.root)} for night in history.nights]
    columns = ["run", "root", "date", "created_utc", "commit", "backfilled", "suite"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty frame has no types to speak of
        connection.register("cells", history.values)
        connection.register("runs", pd.DataFrame(nights, columns=columns))
    layouts = [RunLayout(night.root.absolute()) for night in history.nights]
    folders = [str(layout.root) for layout in layouts]
    _view(connection, "items", [layout.items_table for layout in layouts])
    _view(connection, "windows", [layout.windows_table for layout in layouts if layout.windows_table.exists()])
    # Of a folder with a bracket in its name the pattern is looked up as well as the folder.
    allowed = ", ".join(_quoted(each) for folder in folders for each in dict.fromkeys((folder, literally(folder))))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _view(connection: Any, name: str, files: Sequence[Path]) -> None:
    if files:
        paths = ", ".join(_quoted(literally(str(path))) for path in files)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{paths}], union_by_name = true)")  # noqa: S608  # quoted


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
