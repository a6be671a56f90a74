"""Say of a run that is resumed what has changed in its suite file since: the run goes on with what is on record."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.errors import UserError

if TYPE_CHECKING:
    from wattbench.config import Resolved
    from wattbench.records import RunHeader

NAMED = 5
"""Settings that the sentence names at most."""

_CHARACTERS = 40
"""Of a value."""

_NOT_SET = object()

_NARROWING = re.compile(r"(?:--)?(systems|tasks|limit)(?:=|$)")
"""A word of a command that leaves out systems, tasks or items of the suite."""


def changed_suite(header: RunHeader, recorded: Resolved) -> str | None:
    """Return the sentence; None where the file says the same as the record, or is not there any more.

    What the command of the run left out, and what may be given again with `--resume`, is no change.

    Args:
        header: of the run.
        recorded: its suite, as it is on record.
    """
    from wattbench.config import load_suite

    file = Path(str(header.suite.get("path")))
    if not file.is_file():
        return None
    going_on = "the run goes on with the suite as it was recorded"
    try:
        now = load_suite(str(file))
    except UserError as error:
        return f"wattbench: {file} cannot be read any more ({error}); {going_on}"
    narrowed = {match[1] for word in header.command if (match := _NARROWING.match(str(word))) is not None}
    if header.gate is not None:  # of two systems
        narrowed.add("systems")
    changes = [*_changes(_settings(recorded), _settings(now), narrowed)]
    if not changes:
        return None
    more = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    return f"wattbench: {file} has changed since ({'; '.join([*changes[:NAMED], *more])}); {going_on}"


def _settings(resolved: Resolved) -> dict[str, Any]:
    """Return the settings that can be compared, without secrets: tasks and systems by name."""
    from wattbench.redaction import hide_settings

    record = hide_settings(resolved.as_record())
    suite = record["suite"]
    suite.pop("max_cost")
    suite["systems"] = record["systems"]
    suite["tasks"] = {**suite["tasks"], "select": {each["task"]: each for each in suite["tasks"]["select"]}}
    return dict(suite)


def _changes(
    was: Mapping[str, Any], now: Mapping[str, Any], narrowed: Collection[str], at: tuple[str, ...] = ()
) -> Iterator[str]:
    for key in dict.fromkeys([*was, *now]):
        keys, before, after = (*at, str(key)), was.get(key, _NOT_SET), now.get(key, _NOT_SET)
        match keys:
            case ("measure", "require_measured"):
                continue
            case ("systems", _) if "systems" in narrowed and before is _NOT_SET:
                continue
            case ("tasks", "select", _) if "tasks" in narrowed and before is _NOT_SET:
                continue
            case ("tasks", "select", _, "limit") if "limit" in narrowed:
                continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _changes(before, after, narrowed, keys)
        elif before != after:
            yield f"{'.'.join(keys)}: {_value(before)}, now {_value(after)}"


def _value(value: Any) -> str:
    text = "not set" if value is _NOT_SET else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
