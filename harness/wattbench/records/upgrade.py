"""Turn headers and rows of older runs into those of the present schema, before they are checked.

Fields that were added since have a default in their row, which says what older records mean. Here is what a default
cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.rows.arrival_rates import LoadRow
from wattbench.records.rows.rounds import RoundRow
from wattbench.records.rows.schema import SCHEMA_VERSION, RecordRow
from wattbench.redaction import hide_command, hide_settings

_OF_A_SYSTEM = 256
_OF_A_SCORE = {"label": 32, "choice": 32, "exact": 64, "f1": 64}
_OF_OTHER_SCORES = 256


def with_limits_named(raw: dict[str, Any]) -> dict[str, Any]:
    """Convert the limits of output tokens in a header of schema 1 to those of schema 2.

    In schema 1 `max_output_tokens` of a system was 256 if the suite named none, and counted only for tasks without a
    limit; a file's `max_tokens`, if it named none, was a number that followed from its score. Since schema 2 a system's
    limit comes first, and what is not named is None.

    What is not as a header has it stays as it is: it is for others to refuse.

    Args:
        raw: the parsed `run.json`, which is not changed. Its `schema_version` stays: such a run can be read, and cannot
            be resumed (`wattbench.measure.resume`).
    """
    suite = raw.get("suite")
    if not isinstance(suite, dict):
        return raw
    upgraded = {**suite}
    if isinstance(suite.get("systems"), dict):
        upgraded["systems"] = {name: _system(each) for name, each in suite["systems"].items()}
    tasks = suite["suite"].get("tasks") if isinstance(suite.get("suite"), dict) else None
    if isinstance(tasks, dict) and isinstance(tasks.get("select"), list):
        select = [_task(each) for each in tasks["select"]]
        upgraded["suite"] = {**suite["suite"], "tasks": {**tasks, "select": select}}
    return {**raw, "suite": upgraded}


def _system(settings: Any) -> Any:
    """Upgrade the limits of a system; of a hybrid, those of its members."""
    if not isinstance(settings, dict):
        return settings
    upgraded = _without_default(settings)
    if isinstance(settings.get("pool"), dict):
        upgraded["pool"] = {
            name: _without_default(each) if isinstance(each, dict) else each for name, each in settings["pool"].items()
        }
    return upgraded


def _without_default(settings: dict[str, Any]) -> dict[str, Any]:
    default = settings.get("max_output_tokens") == _OF_A_SYSTEM
    return {**settings, "max_output_tokens": None} if default else {**settings}


def _task(choice: Any) -> Any:
    if not isinstance(choice, dict) or "file" not in choice or choice.get("max_tokens") is not None:
        return choice
    score = choice.get("score")
    limit = _OF_A_SCORE.get(score, _OF_OTHER_SCORES) if isinstance(score, str) else _OF_OTHER_SCORES
    return {**choice, "max_tokens": limit}


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: with_limits_named}
"""Old schema version to the function that turns its `run.json` into the next version."""


def upgraded_header(raw: Any, path: Path) -> dict[str, Any]:
    """Return a header as the present schema has it, without the secrets that earlier versions wrote to it.

    Args:
        raw: the parsed `run.json`, of any type.
        path: its file, for messages.

    Raises:
        UserError: it is no header, or of a newer wattbench.
    """
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise UserError(f"{path}: schema_version is not a number; this is not a wattbench run")
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: written by a newer wattbench (schema {version}; this one reads up to {SCHEMA_VERSION}). "
            "Upgrade with: pip install -U wattbench"
        )
    while version < SCHEMA_VERSION:
        if version not in UPGRADES:
            raise UserError(f"{path}: schema {version} is unknown; this is not a wattbench run")
        raw = UPGRADES[version](raw)
        version += 1
    return _without_secrets(raw)


def _without_secrets(raw: dict[str, Any]) -> dict[str, Any]:
    """Hide the secrets that a record of an earlier version holds in its settings."""
    command = raw.get("command")
    words = command if isinstance(command, list) and all(isinstance(word, str) for word in command) else None
    return {
        **raw,
        **({"suite": hide_settings(raw["suite"])} if "suite" in raw else {}),
        **({"command": hide_command(words)} if words else {}),
    }


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


def upgraded_row(row: type[RecordRow], raw: dict[str, Any]) -> dict[str, Any]:
    """Return the object of a line as this version writes it.

    Raises:
        LookupError, TypeError, AttributeError: the object is of no version.
    """
    newer, upgrade = _ROWS[row]
    return raw if newer in raw else upgrade(raw)
