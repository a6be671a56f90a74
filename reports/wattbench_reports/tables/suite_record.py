"""What the suite of a run asked for, as far as reading it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.records import RunHeader


def suite_section(header: RunHeader, name: str) -> Mapping[str, Any]:
    """A block of the resolved suite, such as ``measure`` or ``carbon``; empty where the record has none."""
    section = _suite(header).get(name)
    return section if isinstance(section, Mapping) else {}


def suite_name(header: RunHeader) -> str:
    """The suite's name, or the run's where the record has none."""
    return str(_suite(header).get("name") or header.run)


def suite_description(header: RunHeader) -> str | None:
    """The suite's own words about itself, if it has any."""
    description = _suite(header).get("description")
    return str(description) if description else None


def system_configs(header: RunHeader) -> dict[str, Mapping[str, Any]]:
    """Each system's part of the resolved suite, by name; empty where the record has none."""
    systems = header.suite.get("systems")
    found = systems if isinstance(systems, Mapping) else {}
    return {str(name): config for name, config in found.items() if isinstance(config, Mapping)}


def _suite(header: RunHeader) -> Mapping[str, Any]:
    inner = header.suite.get("suite")
    return inner if isinstance(inner, Mapping) else {}
