"""Find which signals of contention can be read on this machine, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.watch import MachineReader


@dataclass(frozen=True)
class SignalState:
    """A signal of contention, and whether it can be read here."""

    signal: Signal
    what: str
    """The signal, in words."""
    readable: bool
    why_not: str | None = None
    """Why it cannot be read."""


_WHAT = {
    Signal.RUN_QUEUE_WAIT: "own threads that wait for a processor",
    Signal.FOREIGN_CPU: "CPU time of other processes",
    Signal.STEAL: "time that the hypervisor withheld",
    Signal.THROTTLED: "time that a control group stopped own threads",
    Signal.CANARY: "a fixed piece of work, timed before and after",
    Signal.LATER_PASSES: "later passes over the same items",
}


def survey_signals(reader: MachineReader | None = None) -> list[SignalState]:
    """Return the state of every signal, in the order of their limits.

    Args:
        reader: of the machine to look at; None: of this one.
    """
    reader = reader or MachineReader()
    reasons = {
        Signal.RUN_QUEUE_WAIT: _why_no_wait(reader),
        Signal.FOREIGN_CPU: _why_no_foreign(reader),
        Signal.STEAL: _why_no_steal(reader),
        Signal.THROTTLED: None if reader.groups.mounted else "no control group can be seen under /sys/fs/cgroup",
    }
    return [SignalState(signal, what, (why := reasons.get(signal)) is None, why) for signal, what in _WHAT.items()]


def _why_no_wait(reader: MachineReader) -> str | None:
    if reader.own.threads(reader.own.processes()):
        return None
    return "/proc/self/task/*/schedstat shows nothing (a kernel without CONFIG_SCHED_INFO, or a sandbox that hides it)"


def _why_no_foreign(reader: MachineReader) -> str | None:
    if reader.processors() is None or not reader.own.processes():
        return "/proc/stat shows nothing (another system than Linux, or a sandbox that hides it)"
    if not reader.whole_machine:
        return "/proc/stat is this container's own view (lxcfs): what runs outside it cannot be seen"
    return None


def _why_no_steal(reader: MachineReader) -> str | None:
    if reader.shows_steal:
        return None
    if reader.processors() is None or not reader.whole_machine:
        return "/proc/stat does not show it"
    return "always 0 since this virtual machine started: its hypervisor may hide it"
