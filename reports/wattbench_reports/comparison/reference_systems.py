"""Systems that are measured to compare with, and that nobody could or would run: never recommended."""

from __future__ import annotations

from wattbench_reports.tables.suite_record import SuiteRecord

MEANING = {
    "oracle": "its router is told the domain of every item, which nobody can know in use",
    "random": "its router chooses by chance",
    "always": "its router asks the same member every time, which that member does alone",
}
"""Router types that are yardsticks, in words."""


def yardsticks(suite: SuiteRecord) -> dict[str, str]:
    """Each yardstick of a run and what makes it one: a clause."""
    routers = {name: config.router.type for name, config in suite.systems.items() if config.router is not None}
    return {name: MEANING[router] for name, router in routers.items() if router in MEANING}
