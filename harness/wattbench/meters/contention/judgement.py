"""Judge the signals of a window against their limits, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench.meters.contention.limits import LIMITS, Signal


@dataclass(frozen=True)
class ContentionFindings:
    """What the signals of a window amount to."""

    contended: tuple[str, ...] = ()
    """A sentence for each signal above its second limit."""
    remarks: tuple[str, ...] = ()
    """A sentence for each signal above its first limit alone."""


def find_contention(signals: Mapping[Signal, float]) -> ContentionFindings:
    """Return what to say of a window's signals, in the order of their limits."""
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
