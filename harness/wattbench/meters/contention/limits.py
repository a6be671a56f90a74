"""Define the limits of every signal of contention, each with its reason or source, and judge a window by them.

A measured window above the first limit is remarked on; above the second it is contended. All are shares: 0.05 is 5%.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Signal(StrEnum):
    """The signals that show a busy machine, named as in `WindowRow.contention`."""

    RUN_QUEUE_WAIT = "run_queue_wait"
    FOREIGN_CPU = "foreign_cpu"
    STEAL = "steal"
    THROTTLED = "throttled"
    CANARY = "canary"
    LATER_PASSES = "later_passes"


@dataclass(frozen=True)
class ContentionLimits:
    """The limits of a signal, and the sentence for what it shows."""

    remarked: float
    """Above it, a window has a remark."""
    contended: float
    """Above it, a window is contended."""
    sentence: str
    """What happened, with ``{share}`` for how much."""


LIMITS: dict[Signal, ContentionLimits] = {
    Signal.RUN_QUEUE_WAIT: ContentionLimits(
        0.02, 0.05, "own threads waited for a processor that others used, for {share} of their time"
    ),
    Signal.FOREIGN_CPU: ContentionLimits(0.05, 0.10, "other processes used {share} of the processor"),
    Signal.STEAL: ContentionLimits(0.01, 0.05, "the hypervisor withheld {share} of the processor time"),
    Signal.THROTTLED: ContentionLimits(0.01, 0.05, "a control group stopped own threads for {share} of their time"),
    Signal.CANARY: ContentionLimits(0.10, 0.15, "a fixed piece of work took {share} longer than usual"),
    Signal.LATER_PASSES: ContentionLimits(0.25, 0.50, "the first pass and the later ones differ by {share}"),
}
"""Signal to its limits.

`run_queue_wait`: threads that are ready to run and wait for the share w of their time take 1 / (1 - w) times as long.
5% is the error that every other threshold of a window allows. Counted is what foreign processes, the hypervisor and
control groups can explain, not threads of the system that wait for each other: see
`wattbench.meters.contention.signals`.

`foreign_cpu`: joules of RAPL and of a meter at the wall hold the work of other processes in about this proportion.

`steal`: as the wait. A hypervisor may hide it (always 0).

`throttled`: as the wait. A control group's quota makes another machine of it: fast for a part of each period, and
stopped for the rest.

`canary`: neighbours that share cores, caches or memory show in no counter. Of the slow windows of a virtual machine 91%
were seen by a canary, and 15% by steal. The limits are choices: of 136 windows on a virtual machine at rest the canary
was slower by more than 10% in 5, by at most 11.9%. What is usual: `wattbench.meters.contention.watch`.

`later_passes`: the passes of a window ask the same items, so they should take as long. Of pairs of passes on a machine
at rest the logarithm of the ratio has a robust standard deviation of 7.6%: the limits are at three and at five of them.
"""


@dataclass(frozen=True)
class ContentionFindings:
    """What the signals of a window show."""

    contended: tuple[str, ...] = ()
    """A sentence for each signal above its second limit."""
    remarks: tuple[str, ...] = ()
    """A sentence for each signal above its first limit alone."""


def find_contention(signals: Mapping[Signal, float]) -> ContentionFindings:
    """Compare the signals of a window with their limits."""
    contended, remarks = [], []
    for signal, limits in LIMITS.items():
        share = signals.get(signal, 0.0)
        if share > limits.contended:
            contended.append(_sentence("the machine was busy", limits.sentence, share, f"limit {limits.contended:.0%}"))
        elif share > limits.remarked:
            remarks.append(
                _sentence("the machine was a little busy", limits.sentence, share, f"limit {limits.contended:.0%}")
            )
    return ContentionFindings(tuple(contended), tuple(remarks))


def _sentence(how: str, sentence: str, share: float, limit: str) -> str:
    shown = f"{share:.0%}" if share >= 0.2 else f"{share:.1%}"
    return f"{how}: {sentence.format(share=shown)} ({limit})"
