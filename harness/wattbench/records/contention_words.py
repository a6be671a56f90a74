"""Name the signals of other work on a machine, which windows and blocks have on record, for people."""

from __future__ import annotations

_WORDS = {
    "run_queue_wait": "waiting for a core",
    "foreign_cpu": "CPU time of other processes",
    "steal": "CPU time taken by the hypervisor",
    "throttled": "the container's CPU quota",
    "canary": "a slower processor around the window",
    "later_passes": "later passes unlike the first",
}


def signal_in_words(signal: str) -> str:
    """Return a signal of `WindowRow.contention` in words; one of a newer record keeps its name."""
    return _WORDS.get(signal, signal)
