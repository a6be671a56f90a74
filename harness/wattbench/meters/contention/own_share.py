"""Compute which part of the machine's CPU time the own processes use: what a model by load charges them for."""

from __future__ import annotations

from pathlib import Path

from wattbench.meters.contention.own_processes import PROC, OwnProcesses, Processes, cpu_s
from wattbench.meters.contention.proc_files import processor_times, read_text


class OwnShare:
    """Own CPU seconds of all that the machine used, from one call to the next."""

    def __init__(self, proc: Path = PROC) -> None:
        self._stat = proc / "stat"
        self._own = OwnProcesses(proc)
        self._last = self._read()

    def since_last(self) -> float | None:
        """Return the part since the last call, or since it was made: 0 to 1. None if the kernel hides it.

        Of a machine that did nothing that is 1: there is nothing to share.
        """
        last, self._last = self._last, self._read()
        if last is None or self._last is None:
            return None
        busy_s = self._last[1] - last[1]
        return min(1.0, cpu_s(last[0], self._last[0]) / busy_s) if busy_s > 0.0 else 1.0

    def _read(self) -> tuple[Processes, float] | None:
        processes = self._own.processes()
        processors = processor_times(read_text(self._stat) or "")
        return (processes, processors.busy_s) if processes and processors is not None and processors.busy_s else None
