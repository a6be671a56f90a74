"""Read a meter outside the machine or its operating system: a wall-power meter's log, IPMI, a rack's PDU."""

from __future__ import annotations

import math
from typing import Self

from wattbench.clock import now_s
from wattbench.config import ExternalSettings
from wattbench.meters.base import COUNTER, INTEGRATED, Reading
from wattbench.meters.external.command_output import CommandSource
from wattbench.meters.external.csv_log import CsvLogSource
from wattbench.meters.followed import FollowedMeter
from wattbench.records.rows.components import at_host

LOOK_EVERY_S = 0.2
"""How often a log is read, if it gets rows more rarely than that: the longest delay of a row."""


class ExternalMeter(FollowedMeter):
    """One component, read from a log or by a command."""

    Settings = ExternalSettings

    def __init__(self, settings: ExternalSettings) -> None:
        component = at_host(settings.component, settings.host)
        log, command = settings.csv, settings.command
        counted = log.energy is not None if log is not None else command is not None and command.energy_unit is not None
        source: CsvLogSource | CommandSource
        if log is not None:
            source, lag_s, look_every_s = CsvLogSource(log, component), settings.lag_s, LOOK_EVERY_S
        else:
            assert command is not None  # the suite was checked: one of the two
            source, lag_s, look_every_s = CommandSource(command, component), command.timeout_s, settings.every_s
        super().__init__(
            source,
            name=f"external ({component})",
            provenance={component: COUNTER if counted else INTEGRATED},
            reads={component: source.reads},
            every_s=settings.every_s,
            look_every_s=min(settings.every_s, look_every_s),
            step_s=settings.every_s,
            lag_s=settings.every_s + lag_s,
        )
        self._component = component

    @classmethod
    def from_settings(cls, settings: ExternalSettings) -> Self:
        """Make the meter without reading the source."""
        return cls(settings)

    def late(self, readings: list[Reading]) -> list[Reading]:
        """Return a gap if even the newest reading came later than the suite allows; otherwise an empty list."""
        age_s = now_s() - max((reading.at_s for reading in readings if not reading.gaps), default=math.inf)
        if age_s <= self.lag_s:
            return []
        why = (
            f"its newest reading came {age_s:,.1f} s after its time stamp, and every_s and lag_s allow {self.lag_s:g} s"
            ": its clock is another, or it is written later; set timezone, offset_s or lag_s"
        )
        return [Reading(now_s(), gaps={self._component: why})]
