"""Systems that are measured to compare with, and that nobody could or would run: never recommended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.records import RunHeader
from wattbench_reports.tables.suite_record import system_configs

MEANING = {
    "oracle": "its router is told the domain of every item, which nobody can know in use",
    "random": "its router chooses by chance",
    "always": "its router asks the same member every time, which that member does alone",
}
"""Router types that are yardsticks, in words."""


def yardsticks(header: RunHeader) -> dict[str, str]:
    """Each yardstick of a run and what makes it one: a clause."""
    found = {name: _router_type(config) for name, config in system_configs(header).items()}
    return {name: MEANING[router] for name, router in found.items() if router in MEANING}


def _router_type(config: Mapping[str, Any]) -> str:
    router = config.get("router")  # a mixture's is a path
    return str(router.get("type")) if isinstance(router, Mapping) else ""
