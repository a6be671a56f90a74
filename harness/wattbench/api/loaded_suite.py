"""Load the suite of a run: from its file, or from the record of a run that is resumed, under the user's options."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wattbench.config import load_suite, resolved_from_record, with_secrets
from wattbench.config.apis import FORM
from wattbench.distributed.shard_choice import shard_choice
from wattbench.errors import UserError
from wattbench.progress.notices import notice
from wattbench.redaction import hide_settings
from wattbench_reports.metrics.carbon import carbon_of_suite
from wattbench_reports.metrics.impacts import impacts_of_suite

if TYPE_CHECKING:
    from wattbench.config import Resolved, Suite
    from wattbench.distributed.shard_choice import ShardChoice
    from wattbench.records import RunHeader, RunRecords

NAMED = 5
"""Settings that the sentence names at most."""

_CHARACTERS = 40
"""Of a value."""

_NOT_SET = object()

_NARROWING = re.compile(r"(?:--)?(systems|tasks|limit)(?:=|$)")
"""A word of a command that leaves out systems, tasks or items of the suite."""


def load(
    suite: str,
    *,
    effort: str | None = None,
    energy: bool | None = None,
    require_measured: bool = False,
    max_cost: str | None = None,
    **narrowing: Any,
) -> Resolved:
    """Read a suite, narrowed to some systems, tasks and items, and check what its report will need.

    Args:
        suite: a file, or the name of a suite that wattbench ships.
        effort: in place of the suite's; None: as the suite has it. So `energy` and `max_cost`.
        require_measured: refuse joules that come from a formula, whatever the suite says.
        narrowing: `systems`, `tasks` and `limit`.

    Raises:
        UserError: something in it is wrong.
    """
    resolved = load_suite(suite).narrowed(**narrowing)
    _check_carbon(resolved.suite)
    measure = {"effort": effort, "energy": energy, "require_measured": require_measured or None}
    return spending_at_most(_measured_with(resolved, measure), max_cost)


def recorded_suite(records: RunRecords, *, require_measured: bool = False, max_cost: str | None = None) -> Resolved:
    """Read the suite of a resumed run from its record, and say what has changed in its file since.

    The arguments are those of `load`.

    Raises:
        UserError: it cannot be read, or a secret of it is needed and gone.
    """
    recorded = resolved_from_record(with_secrets(records.header.suite))
    # One that is judged anew differs from its file, or has the judges of another one.
    if records.header.rescored is None and (said := changed_suite(records.header, recorded)) is not None:
        notice(said)
    return spending_at_most(_measured_with(recorded, {"require_measured": require_measured or None}), max_cost)


def asking_all(resolved: Resolved, why: str, *, refuse: bool) -> Resolved:
    """Return a suite whose systems are all asked to the end, where it cannot be otherwise; say so if it would be.

    Args:
        resolved: the suite.
        why: a clause.
        refuse: whether a suite in which `measure.stop` is written is refused.

    Raises:
        UserError: it is written, and refused.
    """
    measure = resolved.suite.measure
    if not measure.stop:
        return resolved
    if refuse and not resolved.stops_by_default:
        raise UserError(f"{resolved.path}: measure.stop: {why}. Leave stop out, or set stop: false")
    notice(f"wattbench: all systems are asked to the end (measure.stop is off): {why}")
    measure = measure.model_copy(update={"stop": None})
    return replace(resolved, suite=resolved.suite.model_copy(update={"measure": measure}), stops_by_default=False)


def asking_all_of_part(resolved: Resolved) -> Resolved:
    """Return the suite of a run of which several processes each ask some blocks.

    Raises:
        UserError: it says that systems are not asked to the end, which follows from all blocks.
    """
    why = "which systems are asked on follows from all blocks so far, and here several processes each ask some"
    return asking_all(resolved, why, refuse=True)


def shard_of_arguments(block: str | None, seed: int | None) -> ShardChoice | None:
    """Return the blocks that the arguments select. None selects all blocks.

    Raises:
        UserError: they cannot be read, or there is a seed without them.
    """
    if block is None and seed is not None:
        raise UserError("a seed of the deal goes with the blocks of a shard; a whole run draws its own")
    return None if block is None else shard_choice(block, seed)


def _check_carbon(suite: Suite) -> None:
    """Refuse a run before it starts if its report could not state grams or other impacts."""
    carbon_of_suite(suite.carbon)
    impacts_of_suite(suite.impacts, suite.carbon)


def _measured_with(resolved: Resolved, settings: Mapping[str, Any]) -> Resolved:
    """Return the suite with the settings that are not None in place of its own in `measure`, and so in its record."""
    given = {name: value for name, value in settings.items() if value is not None}
    if not given:
        return resolved
    measure = resolved.suite.measure
    try:
        changed = type(measure).model_validate(measure.model_dump() | given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "measure"
        raise UserError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
    return replace(resolved, suite=resolved.suite.model_copy(update={"measure": changed}))


def spending_at_most(resolved: Resolved, max_cost: str | None) -> Resolved:
    """Return the suite with the user's budget, and so in its record. Unchanged if the user names no budget.

    Raises:
        UserError: it is no amount of money.
    """
    if max_cost is None:
        return resolved
    if not isinstance(max_cost, str) or not re.fullmatch(FORM, max_cost):
        raise UserError(f"a budget of {max_cost!r:.60} is not an amount and a currency, such as '5 USD'")
    return replace(resolved, suite=resolved.suite.model_copy(update={"max_cost": max_cost}))


def changed_suite(header: RunHeader, recorded: Resolved) -> str | None:
    """Say what has changed in a suite's file since a run began. None if nothing has, or if the file is gone.

    What the command of the run left out, and what may be given again with `--resume`, is no change.

    Args:
        header: of the run.
        recorded: its suite, as it is on record.
    """
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
    if header.night is not None or header.shard is not None:  # which ask all systems to the end
        narrowed.add("stop")
    changes = [*_changes(_settings(recorded), _settings(now), narrowed)]
    if not changes:
        return None
    more = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    return f"wattbench: {file} has changed since ({'; '.join([*changes[:NAMED], *more])}); {going_on}"


def _settings(resolved: Resolved) -> dict[str, Any]:
    """Return a suite's settings in a form that can be compared: without secrets, tasks and systems by name."""
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
            case ("measure", "stop") if before is None and not {"systems", "stop"}.isdisjoint(narrowed):
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
