"""The signals of other work on a machine, in words."""

from __future__ import annotations

from collections.abc import Iterable

from wattbench_reports.formatting.units import listed

_SIGNALS = {
    "run_queue_wait": "waiting for a core",
    "foreign_cpu": "CPU time of other processes",
    "steal": "CPU time taken by the hypervisor",
    "throttled": "the container's CPU quota",
    "canary": "a slower processor around the window",
    "later_passes": "later passes unlike the first",
}


def signals(names: Iterable[tuple[str, int]]) -> str:
    """List signals with how often each was seen: ``waiting for a core (3×) and the container's CPU quota``."""
    return listed([f"{_SIGNALS.get(name, name)}{f' ({count}×)' if count > 1 else ''}" for name, count in names])
