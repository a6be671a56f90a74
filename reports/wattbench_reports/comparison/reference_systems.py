"""Find the systems that are only measured as a reference: they are never recommended."""

from __future__ import annotations

from wattbench_reports.tables.suite_record import SuiteRecord

MEANING = {
    "oracle": "its router is given the domain of every item, which is not known in use",
    "random": "its router chooses by chance",
    "always": "its router asks the same member every time, which that member does alone",
}
"""Router types that make a system a yardstick, and why."""


def yardsticks(suite: SuiteRecord) -> dict[str, str]:
    """Return each yardstick of a run and what makes it one: a clause."""
    routers = {name: config.router.type for name, config in suite.systems.items() if config.router is not None}
    return {name: MEANING[router] for name, router in routers.items() if router in MEANING}
