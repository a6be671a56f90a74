"""Turn the requests of a routing log into routes of the items of a run."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.errors import UserError
from wattbench.records.files.regular_file import open_regular, read_regular
from wattbench.terminal import clipped, printable
from wattbench_reports.formatting.units import plural
from wattbench_reports.tables.routes import litellm, semantic_router
from wattbench_reports.tables.routes.items_of_log import HOW, ItemFinder, item_finder
from wattbench_reports.tables.routes.logged_route import BY_CLIENT, LoggedRoute, NoRoute
from wattbench_reports.tables.routes.offline_router import OfflineRouter
from wattbench_reports.tables.run_tables import Frames

_FEW = 5
"""Names in a message."""
_SHOWN = 60
"""Columns of a name or a prompt in a message."""
MOST_BYTES = 1 << 30
"""Of a log that is one JSON document, which is read whole."""
_PREFIX = 120
"""Columns that a container's name and time may take before the object of a line."""
_LISTS = ("data", "records", "logs")
"""Where an answer of an API holds its list."""


@dataclass
class _Log:
    """The routes of a log, and what was left out."""

    routes: list[tuple[int, LoggedRoute]] = field(default_factory=list)
    """With the line of each."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many are no choices, by the reason."""


def read_log(path: Path, frames: Frames) -> tuple[OfflineRouter, ...]:
    """Read a routing log: one of vLLM's semantic router, or one of LiteLLM.

    Clients may have asked for several routers by name; each is one of the result. The first request of an item counts,
    as a router is judged by one choice per item. Requests of no item of the run are left out and counted in `notes`.

    Args:
        path: JSON lines, or one JSON document with a list.
        frames: the run.

    Raises:
        UserError: the file cannot be read or is damaged, holds no routes, none of an item of the run, or one to a model
            that is no system of the run.
    """
    log = _read(path)
    if not log.routes:
        others = "".join(f"; it has {plural(count, 'request')} {reason}" for reason, count in log.left_out.items())
        raise UserError(
            f"{path}: no entry is a choice of a router: one of {semantic_router.NAME} names a selected_model, one of "
            f"{litellm.NAME} a model and its model_group{others}"
        )
    finder = item_finder(frames, (route for _, route in log.routes))
    routers: dict[str, list[tuple[int, LoggedRoute]]] = {}
    for line, route in log.routes:
        routers.setdefault(_shown(route.router), []).append((line, route))
    left_out = tuple(
        f"left out of {path.name}: {plural(count, 'request')} {reason}"
        for reason, count in sorted(log.left_out.items())
    )
    return tuple(_router(path, name, each, finder, left_out) for name, each in routers.items())


def _read(path: Path) -> _Log:
    log = _Log()
    position: dict[tuple[str, str], int] = {}
    unrouted: list[int] = []
    routed = False
    for line, entry in entries_of(path):
        of_litellm = litellm.is_entry(entry) and not semantic_router.is_entry(entry)
        routed |= of_litellm and litellm.is_routed(entry)
        route = _route_of(entry)
        if isinstance(route, NoRoute):
            log.left_out.update([route.reason] if route.reason else [])
        elif route.entry and (first := position.get((route.router, route.entry))) is not None:
            log.routes[first] = (log.routes[first][0], _joined(log.routes[first][1], route))
        else:
            position[route.router, route.entry] = len(log.routes)
            if of_litellm and not litellm.is_routed(entry):
                unrouted.append(len(log.routes))
            log.routes.append((line, route))
    return _without(log, unrouted) if routed and unrouted else log


def _without(log: _Log, unrouted: Sequence[int]) -> _Log:
    """Leave out requests without an auto-router's decision, in a log that has such decisions."""
    direct = set(unrouted)
    kept = [each for number, each in enumerate(log.routes) if number not in direct]
    return _Log(kept, log.left_out + Counter({BY_CLIENT: len(direct)}))


def _route_of(entry: Mapping[str, Any]) -> LoggedRoute | NoRoute:
    if semantic_router.is_entry(entry):
        return semantic_router.route_of(entry)
    return litellm.route_of(entry) if litellm.is_entry(entry) else NoRoute("")


def _joined(first: LoggedRoute, second: LoggedRoute) -> LoggedRoute:
    """Join two entries of one request: one may have the prompt, the other the seconds of choosing."""
    return replace(
        first,
        texts=tuple(dict.fromkeys((*first.texts, *second.texts))),
        hashes=tuple(dict.fromkeys((*first.hashes, *second.hashes))),
        router_s=second.router_s if math.isnan(first.router_s) else first.router_s,
    )


def _router(
    path: Path,
    name: str,
    routes: Sequence[tuple[int, LoggedRoute]],
    finder: ItemFinder,
    left_out: tuple[str, ...],
) -> OfflineRouter:
    systems = finder.frames.systems
    count = int(finder.frames.row_of_answer.max()) + 1
    chains: dict[tuple[str, ...], int] = {}
    chain_of = np.full(count, -1, dtype=np.int64)
    router_s, router_usd = np.full(count, np.nan), np.full(count, np.nan)
    strangers: list[tuple[int, LoggedRoute]] = []
    unknown: dict[str, tuple[int, int]] = {}
    repeated = 0
    for line, route in routes:
        rows = finder.rows_of(route)
        if not rows:
            strangers.append((line, route))
            continue
        system = next((model for model in route.models if model in systems), None)
        if system is None:
            first, times = unknown.get(route.models[0], (line, 0))
            unknown[route.models[0]] = (first, times + 1)
            continue
        new = [row for row in rows if chain_of[row] < 0]
        repeated += not new
        chain_of[new] = chains.setdefault((system,), len(chains))
        router_s[new], router_usd[new] = route.router_s, route.router_usd
    if unknown:
        raise UserError(_of_unknown(path, unknown, systems))
    if not chains:
        raise UserError(_of_none(path, name, strangers, finder))
    return OfflineRouter(
        name=name,
        chains=tuple(chains),
        chain_of=chain_of,
        router_s=router_s,
        router_j=np.full(count, np.nan),
        router_usd=router_usd if np.isfinite(router_usd).any() else None,
        notes=tuple(_notes(path, name, len(routes), strangers, int((chain_of < 0).sum()), count, repeated)) + left_out,
    )


def _notes(
    path: Path,
    name: str,
    requests: int,
    strangers: Sequence[tuple[int, LoggedRoute]],
    missing: int,
    items: int,
    repeated: int,
) -> Iterable[str]:
    if strangers:
        yield (
            f"left out of {path.name}: {plural(len(strangers), 'request')} to {name}, of {requests:,}, of no item of "
            f"this run, such as {_example(*strangers[0])}"
        )
    if missing:
        yield f"{path.name} has no request to {name} for {missing:,} of {plural(items, 'item')}, which are left out"
    if repeated:
        yield f"left out of {path.name}: {plural(repeated, 'request')} to {name} for an item that it was sent before"


def _of_unknown(path: Path, unknown: Mapping[str, tuple[int, int]], systems: Sequence[str]) -> str:
    named = [f"{_shown(model)!r} ({plural(times, 'time')})" for model, (_, times) in list(unknown.items())[:_FEW]]
    more = f" and {len(unknown) - _FEW:,} more" if len(unknown) > _FEW else ""
    first = min(line for line, _ in unknown.values())
    return (
        f"{path}:{first}: requests went to {', '.join(named)}{more}, but no system of that name answered in this run, "
        f"so its answers are not known; there are {', '.join(systems)}"
    )


def _of_none(path: Path, name: str, strangers: Sequence[tuple[int, LoggedRoute]], finder: ItemFinder) -> str:
    prompts = "" if finder.has_prompts else "; no prompt of the log is on record in this run"
    return (
        f"{path}: no request to {name}, of {len(strangers):,}, is of an item of this run, such as "
        f"{_example(*strangers[0])}; {HOW}{prompts}"
    )


def _example(line: int, route: LoggedRoute) -> str:
    text = next((text for text in (*route.texts, *route.ids) if text.strip()), "")
    return f"line {line}" + (f", {_shown(text)!r}" if text else ", which has neither prompt nor id")


def _shown(text: str) -> str:
    return clipped(printable(" ".join(text.split())), _SHOWN)


def entries_of(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each object of a log with its line; in one JSON document with its number, from 1.

    Lines without an object are left out: programs print other things too.

    Raises:
        UserError: the file cannot be read, or a line that begins with an object is damaged.
    """
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
            if not _is_whole(first):
                yield from _document(path)
                return
            file.seek(0)
            for number, line in enumerate(file, 1):
                yield from ((number, entry) for entry in _of_line(path, number, line.strip()))
    except OSError as error:
        raise UserError(f"{path}: the routes cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: it is not UTF-8 text ({error})") from error


def _is_whole(line: str) -> bool:
    """Return whether a first line is complete, and not the beginning of a longer document."""
    text = line.strip()
    if not text.startswith(("{", "[")):
        return True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.startswith("{") and text != "{"
    return isinstance(value, dict) and not any(isinstance(value.get(name), list) for name in _LISTS)


def _of_line(path: Path, number: int, text: str) -> Iterator[Mapping[str, Any]]:
    start = text.find("{", 0, _PREFIX)
    if start < 0:
        return
    try:
        value = json.loads(text[start:])
    except (ValueError, RecursionError) as error:
        if start > 0:  # a sentence with a brace in it
            return
        raise UserError(f"{path}:{number}: it is not JSON ({error}); a log has one object per line") from None
    if isinstance(value, dict):
        yield value


def _document(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        value = json.loads(read_regular(path, MOST_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: it is not JSON ({error})") from None
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), [value])
    yield from ((number, entry) for number, entry in enumerate(value, 1) if isinstance(entry, dict))
