"""Measure a gate on one device slot of a cluster, so that its pairs stay on one machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from wattbench.api.gates.gate_worker import WORKER, gate_to_begin
from wattbench.api.gates.measure_gate import GateJob
from wattbench.api.slot_source import Cluster
from wattbench.clock import now_s
from wattbench.distributed.agent import encode
from wattbench.distributed.coordinator import Coordinator
from wattbench.distributed.slots import SlotProvider
from wattbench.folder_aside import folder_aside
from wattbench.interrupts import noticed
from wattbench.progress import Progress
from wattbench.progress.notices import notice
from wattbench.records.files.atomic_write import failing_as, move_into_place

SAY_EVERY_S = 30.0


def measure_new_on(cluster: Cluster, job: GateJob, out: Path, begun: Callable[[Path], None]) -> list[str]:
    """Measure two systems in alternation on one slot of a cluster until the verdict is decided.

    A slot that is lost takes its part of the gate with it: another one begins anew.

    Args:
        cluster: which.
        job: which systems, and how.
        out: where the run goes, once it is complete.
        begun: called with the run's directory.

    Returns:
        What a reader of the verdict should know of the machine that measured.

    Raises:
        UserError: something is wrong with the job, no slot is there, or a system failed.
    """
    with cluster.one_slot(WORKER) as slots, noticed():
        return measured_on(slots, job, out, begun)


def measured_on(slots: SlotProvider, job: GateJob, out: Path, begun: Callable[[Path], None]) -> list[str]:
    """Measure a gate on the slots of any provider, as `measure_new_on` does."""
    setup = encode("begin", **gate_to_begin(job))
    aside = out / f".{secrets.token_hex(6)}.gating"
    with failing_as(out, "the run of the gate cannot be written"), folder_aside(aside, left=out.glob(".*.gating")):
        gate = Coordinator(aside, slots, setup, _Answers(), of_block=lambda _: "the gate")
        ((root, message),) = gate.ask([0])
        target = out / root.name
        move_into_place(root, target)
    begun(target)
    return [str(note) for note in message.get("notes") or []]


class _Answers(Progress):
    """The progress of a gate on another machine: prints the number of answers so far twice a minute."""

    def __init__(self) -> None:
        self._answers, self._said_s = 0, now_s()

    def note(self, text: str, *, keep: bool = False) -> None:
        """Print a line."""
        notice(text)

    def advance(self, items: int) -> None:
        """Count more answers, and print their number if the last print was long ago."""
        self._answers += items
        if now_s() - self._said_s >= SAY_EVERY_S:
            self._said_s = now_s()
            notice(f"    {self._answers} answers so far")
