"""The settings of a test: what its markers and the ini file say is to be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest

from wattbench.api.narrowing import limit_of, names_of
from wattbench.errors import UserError, nearest


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one test."""

    suite: str
    """A file, or the name of one that wattbench ships."""
    systems: tuple[str, ...] = ()
    """Systems measured together in one run, whichever of them the test names; empty: those that it names."""
    tasks: tuple[str, ...] = ()
    """Empty: all tasks of the suite."""
    limit: int | None = None
    """At most this many items of each task."""
    modelled: bool = False
    """Whether the test accepts joules from a formula."""


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
            raise UserError(f"{item.nodeid}: the marker wattbench takes keyword arguments: suite={marker.args[0]!r}")
        given |= marker.kwargs
    if "suite" not in given:
        raise UserError(
            f"{item.nodeid}: no suite to measure: set it with @pytest.mark.wattbench(suite=...), or with "
            "wattbench_suite in the ini file"
        )
    return _checked(given, item.nodeid)


def _checked(given: Mapping[str, Any], where: str) -> Settings:
    known = [field.name for field in fields(Settings)]
    for key, value in given.items():
        if key not in known:
            raise UserError(f"{where}: the marker wattbench has no {key!r}{nearest(key, known)}")
        if key in ("systems", "tasks"):
            names_of(value, f"{where}: {key}")
    limit_of(given.get("limit"), f"{where}: limit")
    names = {key: tuple(given[key]) for key in ("systems", "tasks") if key in given}
    return Settings(**{**given, **names})
