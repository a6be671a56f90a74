"""Read the user's own routers from a CSV file: which system each would have asked for every item of a run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import check_not_joined, to_begin
from wattbench.records.files.regular_file import open_regular
from wattbench_reports.tables.routes.offline_router import OfflineRouter
from wattbench_reports.tables.run_tables import Frames

REQUIRED = ("router", "task", "doc_id", "member")
OPTIONAL = ("router_s", "router_j")
THEN = ">"
"""Between the members of a cascade, in the order in which they are asked; the last one answers."""


@dataclass(frozen=True)
class _Line:
    """A line of the file."""

    number: int
    router: str
    task: str
    doc_id: int
    chain: tuple[str, ...]
    router_s: float
    router_j: float


def read_csv(path: Path, frames: Frames) -> tuple[OfflineRouter, ...]:
    """Read a table of routes.

    Args:
        path: CSV with the columns ``router``, ``task``, ``doc_id`` and ``member``, and where wanted ``router_s`` and
            ``router_j``: the router's own seconds and joules per item. ``member`` is a system of the run, or several
            with ``>`` between them: asked in that order, the last one answers. Every router needs a line for every
            item of the run.
        frames: the run.

    Raises:
        UserError: the file cannot be read or is damaged, names a system or an item that the run does not have, has an
            item twice or leaves one out.
    """
    known = rows_of_items(frames)
    routers: dict[str, dict[tuple[str, int], _Line]] = {}
    for line in _lines(path, frames.systems):
        item = (line.task, line.doc_id)
        if item not in known:
            raise UserError(f"{path}:{line.number}: the run has no document {line.doc_id} of task {line.task!r}")
        lines_of_item = routers.setdefault(line.router, {})
        if item in lines_of_item:
            raise UserError(
                f"{path}:{line.number}: document {line.doc_id} of task {line.task!r} is there twice for router "
                f"{line.router!r}: see line {lines_of_item[item].number}"
            )
        lines_of_item[item] = line
    if not routers:
        raise UserError(f"{path}: it has no routes; a line names a router, a task, a doc_id and the member to ask")
    return tuple(_router(path, name, lines_of_item, known) for name, lines_of_item in routers.items())


def rows_of_items(frames: Frames) -> dict[tuple[str, int], list[int]]:
    """Map each document to its rows of the item table: several where systems were given different ones."""
    items = frames.items[["task", "doc_id"]].assign(row=frames.row_of_answer).drop_duplicates("row")
    known: dict[tuple[str, int], list[int]] = {}
    for task, doc_id, row in zip(items["task"].astype(str), items["doc_id"], items["row"], strict=True):
        known.setdefault((task, int(doc_id)), []).append(int(row))
    return known


def _router(
    path: Path, name: str, lines_of_item: dict[tuple[str, int], _Line], known: dict[tuple[str, int], list[int]]
) -> OfflineRouter:
    missing = [item for item in known if item not in lines_of_item]
    if missing:
        task, doc_id = missing[0]
        others = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise UserError(
            f"{path}: router {name!r} has no line for document {doc_id} of task {task!r}{others}; it needs one for "
            "every item of the run"
        )
    count = sum(len(rows) for rows in known.values())
    chains: dict[tuple[str, ...], int] = {}
    chain_of = np.zeros(count, dtype=np.int64)
    router_s, router_j = np.full(count, np.nan), np.full(count, np.nan)
    for item, line in lines_of_item.items():
        rows = known[item]
        chain_of[rows] = chains.setdefault(line.chain, len(chains))
        router_s[rows], router_j[rows] = line.router_s, line.router_j
    return OfflineRouter(name, tuple(chains), chain_of, router_s, router_j)


def _lines(path: Path, systems: tuple[str, ...]) -> Iterator[_Line]:
    chains: dict[str, tuple[str, ...]] = {}
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig", newline="") as file:
            to_begin(file)
            reader = csv.DictReader(file, strict=True)
            _check_header(path, reader.fieldnames)
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise UserError(f"{where}: a line needs exactly as many fields as the first one")
                check_not_joined(where, [*row.values()])
                text = row["member"]
                if text not in chains:
                    chains[text] = _chain(where, text, systems)
                yield _Line(
                    number=reader.line_num,
                    router=_named(where, row["router"]),
                    task=row["task"],
                    doc_id=_whole(where, row["doc_id"]),
                    chain=chains[text],
                    router_s=_amount(where, "router_s", row.get("router_s")),
                    router_j=_amount(where, "router_j", row.get("router_j")),
                )
    except OSError as error:
        raise UserError(f"{path}: the routes cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: it is not UTF-8 text ({error}); save the routes as CSV in UTF-8") from error
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: it is not CSV ({error})") from error


def _check_header(path: Path, header: object) -> None:
    names = list(header) if isinstance(header, list) else []
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise UserError(
            f"{path}:1: no column {', '.join(missing)}; the first line names the columns {', '.join(REQUIRED)}, and "
            f"optionally {' and '.join(OPTIONAL)}"
        )
    strangers = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if strangers or len(set(names)) < len(names):
        what = f"unknown columns {', '.join(map(repr, strangers))}" if strangers else "a column is named twice"
        raise UserError(f"{path}:1: {what}; the columns are {', '.join((*REQUIRED, *OPTIONAL))}")


def _chain(where: str, text: str, systems: tuple[str, ...]) -> tuple[str, ...]:
    """Split the systems to ask in order. A system's own name may contain the separator."""
    names = (text,) if text in systems else tuple(name.strip() for name in text.split(THEN))
    for name in names:
        if name not in systems:
            raise UserError(
                f"{where}: no system {name!r} answered in this run, so its answers are not known; there are "
                f"{', '.join(systems)}"
            )
    if len(set(names)) < len(names):
        raise UserError(f"{where}: {text!r} asks the same system twice")
    return names


def _named(where: str, text: str) -> str:
    if not text.strip():
        raise UserError(f"{where}: the router has no name")
    return text.strip()


def _whole(where: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UserError(f"{where}: doc_id is {text!r}, but must be a whole number") from None


def _amount(where: str, column: str, text: str | None) -> float:
    """Read a number of 0 or more; NaN where the field is empty."""
    if text is None or not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise UserError(f"{where}: {column} is {text!r}, but must be a number of 0 or more")
    return value
