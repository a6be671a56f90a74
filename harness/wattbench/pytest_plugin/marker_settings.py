"""What a test's markers and the ini file say is to be measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest

from wattbench.errors import UserError, nearest


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one test."""

    suite: str
    """A file, or the name of one that wattbench ships."""
    systems: tuple[str, ...] = ()
    """Measured together in one run, whichever of them the test asks for; empty: those it asks for."""
    tasks: tuple[str, ...] = ()
    """Empty: all of the suite."""
    limit: int | None = None
    """At most so many items of each task."""
    modelled: bool = False
    """Joules from a formula will do."""


def settings_of(item: pytest.Item) -> Settings:
    """Read a test's settings: its own marker first, then its class's and module's, then the ini file.

    Raises:
        UserError: a marker is wrong, or nothing names a suite.
    """
    given: dict[str, Any] = {"modelled": item.config.getini("wattbench_modelled")}
    if suite := item.config.getini("wattbench_suite"):
        given["suite"] = suite
    for marker in reversed(list(item.iter_markers("wattbench"))):
        if marker.args:
            raise UserError(f"{item.nodeid}: the marker wattbench takes its settings by name: suite={marker.args[0]!r}")
        given |= marker.kwargs
    if "suite" not in given:
        raise UserError(
            f"{item.nodeid}: no suite to measure: say @pytest.mark.wattbench(suite=...), or wattbench_suite in the ini "
            "file"
        )
    return _checked(given, item.nodeid)


def _checked(given: Mapping[str, Any], where: str) -> Settings:
    known = [field.name for field in fields(Settings)]
    for key, value in given.items():
        if key not in known:
            raise UserError(f"{where}: the marker wattbench has no {key!r}{nearest(key, known)}")
        if key in ("systems", "tasks"):
            names_of(value, f"{where}: {key}")
    if (limit := given.get("limit")) is not None and (not isinstance(limit, int) or limit < 1):
        raise UserError(f"{where}: limit: {limit!r} is not a number of items")
    names = {key: tuple(given[key]) for key in ("systems", "tasks") if key in given}
    return Settings(**{**given, **names})


def names_of(given: Any, where: str) -> tuple[str, ...]:
    """A list of names, as tuple: a text is a list of its letters, which nobody means.

    Raises:
        UserError: it is no such list.
    """
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
        raise UserError(f"{where}: {given!r} is not a list of names")
    return tuple(given)
