"""Turn the JSON objects of older runs into those of this version, before they are checked.

Fields that were added since have a default in their row, which says what older records mean. Here is what a default
cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wattbench.records.older_limits import with_limits_named
from wattbench.records.rows.arrival_rates import LoadRow
from wattbench.records.rows.rounds import RoundRow
from wattbench.records.rows.schema import RecordRow

HEADERS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: with_limits_named}
"""Old schema version to the function that turns its `run.json` into the next version."""

OLDER_RATE = "it was recorded by a version that took requests for independent"
"""Why a rate of an older record is not shown to be held in the long run."""


def _load(raw: dict[str, Any]) -> dict[str, Any]:
    """Let a rate, which a rule of independent requests found to be held, claim nothing about the long run."""
    return {**raw, "here": raw["held"], "held": False, "lacks": [OLDER_RATE] if raw["held"] else []}


def _round(raw: dict[str, Any]) -> dict[str, Any]:
    """Give a round of one task, which it names, the tasks of its items and scores."""
    task = raw["task"]
    scores = {side: {task: rows} for side, rows in raw["scores"].items()}
    return {**raw, "items": [[task, doc_id] for doc_id in raw["doc_ids"]], "scores": scores}


_ROWS: Mapping[type[RecordRow], tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    LoadRow: ("here", _load),
    RoundRow: ("items", _round),
}
"""Row to a field that its older lines lack, and the function that turns such a line into one of this version."""


def has_older_lines(row: type[RecordRow]) -> bool:
    """Return whether older lines of a row mean something else than its defaults say."""
    return row in _ROWS


def upgraded(row: type[RecordRow], raw: dict[str, Any]) -> dict[str, Any]:
    """Return the object of a line as this version writes it.

    Raises:
        Whatever an object raises that is none of any version: `LookupError`, `TypeError`, `AttributeError`.
    """
    newer, upgrade = _ROWS[row]
    return raw if newer in raw else upgrade(raw)
