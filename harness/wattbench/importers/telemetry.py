"""Define the readings of power that a source holds, and judge them like those of a measured run.

A reader makes a `Telemetry` per system::

    Telemetry(
        readings=[Reading(at_s=1795619684.29, energy_j={"gpu0": 413380.0}, power_w={"gpu0": 100.0}), ...],
        provenance={"gpu0": COUNTER},  # INTEGRATED where the source has watts and no counter
        step_s={"gpu0": 0.1},
        read_by="AIPerf 0.13.0, pynvml",
    )

Readings are as they came: nothing is smoothed, filled or summed. What the source writes in the place of a reading that
failed (an empty field, NaN, 0 W of a device that is switched on) is a gap, and goes into `Reading.gaps`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattbench.meters.base import INTEGRATED, Reading
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import judge
from wattbench.records import Purpose, WindowLabel, WindowRow


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """The readings of one system, if possible from before its first request until after its last answer."""

    readings: Sequence[Reading]
    """In any order."""
    provenance: Mapping[str, str]
    """Component (``gpu0``, ``cpu``, ``wall``) to `wattbench.meters.base.COUNTER`, or `INTEGRATED` without a counter."""
    step_s: Mapping[str, float]
    """Component to how coarsely in time its figures advance: 0.1 for NVML's counter; the interval of a meter that
    states a mean."""
    read_by: str
    """What read them, in words. Joules that different programs read are never compared."""
    limits_w: Mapping[str, float] = field(default_factory=dict)
    """Component to the most that it may draw, if the source states it."""
    distrusted: Mapping[str, str] = field(default_factory=dict)
    """Component to why its joules are not those of the answers: it is the client's, for example. No answer gets any."""
    remarks: Sequence[str] = ()
    """What else a reader should know of the joules."""
    span_s: tuple[float, float] | None = None
    """Start and end of what was measured, in seconds since the epoch, if the source states them. None: from the first
    request to the last answer."""

    @property
    def name(self) -> str:
        """Return the name of the meter in a trace of the readings."""
        return self.read_by


def judged(telemetry: Telemetry, label: WindowLabel, started_s: float, finished_s: float) -> WindowRow:
    """Judge the window of a system's requests.

    The edges of a counter's steps were not caught, so the window has to be longer than one that wattbench opens.

    Args:
        telemetry: of the system.
        label: of the window.
        started_s: when the first request was sent, in seconds since the epoch.
        finished_s: when the last answer ended.

    Returns:
        The row, with the reason why its joules do not count if they do not.
    """
    started_s, finished_s = telemetry.span_s or (started_s, finished_s)
    return judge(
        WindowEvidence(
            label=label,
            started_s=started_s,
            finished_s=finished_s,
            readings=telemetry.readings,
            provenance=telemetry.provenance,
            step_s=telemetry.step_s,
            power_step_s=dict.fromkeys(telemetry.provenance, math.inf),  # a source does not say
            limits_w=telemetry.limits_w,
            min_steps=thresholds.MIN_STEPS_UNPLACED,
            distrusted=telemetry.distrusted,
            remarks=telemetry.remarks,
        )
    )


def joules_of_series(
    component: str,
    watts: Sequence[tuple[float, float | None]],
    span_s: tuple[float, float],
    *,
    step_s: float,
    of: str,
    read_by: str,
    limit_w: float | None = None,
) -> tuple[float | None, str | None]:
    """Integrate a series of power from a source, and return its joules, or why it gives none.

    Args:
        component: whose power it is.
        watts: moments in seconds, each with the watts; None and 0 W or less are gaps, as what is on draws power.
        span_s: from when to when.
        step_s: how often the source reads.
        of: what draws the power, for messages: ``a GPU``.
        read_by: what read it.
        limit_w: the most that the component may draw, if it is known.

    Returns:
        The joules and None, or None and why there are none.
    """
    readings = [
        Reading(at_s=at_s, power_w={component: power_w})
        if power_w is not None and power_w > 0
        else Reading(at_s=at_s, gaps={component: _why(power_w, of)})
        for at_s, power_w in watts
    ]
    telemetry = Telemetry(
        readings=readings,
        provenance={component: INTEGRATED},
        step_s={component: step_s},
        read_by=read_by,
        limits_w={} if limit_w is None else {component: limit_w},
    )
    label = WindowLabel(window="w0000", run="", system="", task=None, purpose=Purpose.MEASURED)
    row = judged(telemetry, label, *span_s)
    return (row.energy_j[component], None) if row.valid else (None, "; ".join(row.reasons))


def _why(power_w: float | None, of: str) -> str:
    return "no reading in this second" if power_w is None else f"{power_w:g} W of {of} that is on"
