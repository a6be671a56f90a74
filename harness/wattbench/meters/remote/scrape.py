"""Read an exporter's page again and again, and place its figures in this machine's time.

Find how far another machine's clock is ahead, from the dates in its answers.

The header `Date` is the server's time, cut to whole seconds, at some moment between request and answer (RFC 9110,
section 6.6.1). So each answer bounds how far that clock is ahead of this one's, and many answers at different moments
of a second bound it to little more than a round trip. A proxy that answers from a cache has dates of its own, or old
ones.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from wattbench.meters.base import MeterError, Reading
from wattbench.meters.remote.exporters import Figure, PageError, PageFigures, PageReader
from wattbench.meters.windows.thresholds import MAX_STANDSTILL_STEPS
from wattbench.network.get import Fetched, FetchError
from wattbench.records.rows.components import at_host

_KEPT = 120
"""Answers that are used, the latest: two minutes at one a second, in which clocks drift by some milliseconds."""


@dataclass(frozen=True)
class Offset:
    """How far a clock is ahead of this machine's, in seconds."""

    least_s: float
    most_s: float

    @property
    def middle_s(self) -> float:
        """Return the best estimate of the offset."""
        return (self.least_s + self.most_s) / 2.0

    @property
    def half_s(self) -> float:
        """Return the largest error of the estimate."""
        return (self.most_s - self.least_s) / 2.0


class ClockOffset:
    """Bounds a clock's offset by the answers so far."""

    def __init__(self) -> None:
        self._bounds: deque[Offset] = deque(maxlen=_KEPT)
        self.offset: Offset | None = None
        """None as long as no answer had a date."""

    def note(self, date: str | None, sent_s: float, received_s: float) -> str | None:
        """Narrow the bounds of the offset by the date of an answer.

        Args:
            date: its header `Date`; None if it had none.
            sent_s: when it was asked for, by this clock.
            received_s: when its headers were there.

        Returns:
            That the other clock was set, if it was: its earlier answers bound it no more.
        """
        at_s = _read(date)
        if at_s is None:
            return None
        bound = Offset(at_s - received_s, at_s + 1.0 - sent_s)
        self._bounds.append(bound)
        least_s, most_s = max(b.least_s for b in self._bounds), min(b.most_s for b in self._bounds)
        if least_s <= most_s:
            self.offset = Offset(least_s, most_s)
            return None
        before, self.offset = self.offset, bound
        self._bounds = deque([bound], maxlen=_KEPT)
        by_s = 0.0 if before is None else bound.middle_s - before.middle_s
        return f"its clock was set by about {by_s:+.1f} s"


def _read(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date[:100]).timestamp()
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None


AHEAD_S = 0.5
"""How far in the future a time stamp may be without being refused. Clocks that are kept by NTP differ by less."""
OLD_STEPS = 2.0
"""How many steps old a time stamp may be: one is its age, the next is due. A choice."""
RESTARTED_S = 2.0
"""By how much the start of the exporter's process has to move to be the start of another process."""
MOST_EVENTS = 1000


@dataclass(frozen=True)
class Event:
    """An event, such as a restart, that spoils the joules of the window in which it happens."""

    at_s: float
    components: Collection[str]
    what: str


@dataclass
class _Last:
    """The last figures that were read of a component."""

    energy_j: float | None = None
    changed_s: float = -math.inf
    """When its count was first seen, by this clock."""
    power_w: float | None = None
    power_changed: bool = False
    """Whether its power changed since its count did."""
    stamp_s: float = -math.inf
    identity: str = ""


class ScrapeSource:
    """The pages of one exporter, as readings.

    A figure without a time stamp is as old as the exporter's last look at its sensor, which is not known: it is placed
    half of that time before it came. A count that has not changed is not read again, as it says nothing of the moment.
    """

    def __init__(
        self,
        fetch: Callable[[], Fetched],
        reader: PageReader,
        *,
        host: str | None,
        every_s: float,
        updates_s: float,
        parts: Collection[str] | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up the source without fetching anything.

        Args:
            fetch: returns a page.
            reader: knows the exporter.
            host: the exporter's machine; None is this one.
            every_s: how often `look` will be called.
            updates_s: how often the exporter looks at its sensors.
            parts: to read; None reads all of the first page.
            close: called at the end.
        """
        self.host = host
        self.step_s = max(every_s, updates_s)
        self.age_s = min(every_s, updates_s)
        """How old a figure without a time stamp may be when it is first seen."""
        self.parts: dict[str, str] = {}
        """Component to part."""
        self.events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self.stamped = False
        """Whether the pages have time stamps."""
        self._fetch, self._reader, self._close = fetch, reader, close
        self._wanted = parts
        self._clock = ClockOffset()
        self._last: dict[str, _Last] = {}
        self._begun_s: float | None = None

    @property
    def offset(self) -> Offset | None:
        """How far the exporter's clock is ahead of this one; None if its answers have no dates."""
        return self._clock.offset

    def first(self) -> PageFigures:
        """Fetch the first page, and choose the parts that will be read.

        Raises:
            MeterError: there is no page, or it lacks a part that is wanted.
        """
        page, _ = self._page()
        known = [*page.parts, *page.unread]
        missing = [part for part in self._wanted or () if part not in known]
        if missing:
            raise MeterError(f"it has no {', '.join(missing)}, but {', '.join(known) or 'nothing'}")
        wanted = sorted(page.parts if self._wanted is None else self._wanted)
        unread = [f"{part} ({page.unread[part]})" for part in wanted or page.unread if part in page.unread]
        if unread or not wanted:
            raise MeterError(f"it has no figures of {', '.join(unread)}")
        self.parts = {at_host(part, self.host): part for part in wanted}
        return page

    def open(self) -> list[Reading]:
        """Return the first readings.

        Raises:
            MeterError: there are none, and why.
        """
        self._last.clear()
        return self.look()

    def look(self) -> list[Reading]:
        """Fetch a page, and return its readings, ordered by stamp.

        Raises:
            MeterError: there is no page, and why.
        """
        page, fetched = self._page()
        self._watch_restart(page, self._middle_s(fetched))
        placed: dict[float, tuple[dict[str, float], dict[str, float]]] = {}
        gaps: dict[str, str] = {}
        use: dict[str, float] = {}
        for component, part in self.parts.items():
            figure = page.parts.get(part)
            if figure is None:
                gaps[component] = page.unread.get(part, "it is not on the page any more")
                continue
            if figure.use is not None:
                use[component] = figure.use
            last = self._last.setdefault(component, _Last(identity=figure.identity))
            at_s, why = self._placed_s(figure, last, fetched)
            if why is None:
                why = self._watch(component, figure, last, self._middle_s(fetched))
            if why is not None:
                gaps[component] = why
            elif at_s is not None:
                if figure.energy_j is not None and last.changed_s != self._middle_s(fetched):
                    continue
                energy_j, power_w = placed.setdefault(at_s, ({}, {}))
                if figure.energy_j is not None:
                    energy_j[component] = figure.energy_j
                if figure.power_w is not None:
                    power_w[component] = figure.power_w
        readings = [Reading(at_s, *placed[at_s], use=use) for at_s in sorted(placed)]
        return [*readings, Reading(fetched.received_s, gaps=gaps)] if gaps else readings

    def interrupt(self) -> None:
        """Do nothing: a fetch ends in its own time."""

    def close(self) -> None:
        """Drop the connection."""
        self._close()

    def _page(self) -> tuple[PageFigures, Fetched]:
        try:
            fetched = self._fetch()
            page = self._reader(fetched.body, fetched.content_type)
        except (FetchError, PageError) as error:
            raise MeterError(str(error)) from None
        was_set = self._clock.note(fetched.date, fetched.sent_s, fetched.received_s)
        if was_set is not None:
            self._note(list(self.parts), was_set, self._middle_s(fetched))
        return page, fetched

    def _middle_s(self, fetched: Fetched) -> float:
        """Return the assumed moment of the figures of a page without time stamps."""
        return (fetched.sent_s + fetched.received_s - self.age_s) / 2.0

    def _note(self, components: Collection[str], what: str, at_s: float) -> None:
        self.events.append(Event(at_s, components, what))

    def _placed_s(self, figure: Figure, last: _Last, fetched: Fetched) -> tuple[float | None, str | None]:
        """Return when a figure was taken, by this machine's clock, or why its time stamp cannot be true."""
        if figure.stamp_s is None:
            return self._middle_s(fetched), None
        self.stamped = True
        offset = self.offset
        at_s = figure.stamp_s - (0.0 if offset is None else offset.middle_s)
        slack_s = AHEAD_S + (0.0 if offset is None else offset.half_s)
        age_s = fetched.received_s - at_s
        no_date = "" if offset is not None else ", or its clock is another (its answers have no date to tell)"
        if age_s < -slack_s:
            return None, f"its time stamp is {-age_s:,.1f} s in the future: its clock is ahead"
        if age_s > OLD_STEPS * self.step_s + slack_s:
            return None, f"its time stamp is {age_s:,.1f} s old: the exporter is stale{no_date}"
        if figure.stamp_s <= last.stamp_s:
            return None, None
        last.stamp_s = figure.stamp_s
        return at_s, None

    def _watch(self, component: str, figure: Figure, last: _Last, seen_s: float) -> str | None:
        """Keep a component's new figures; return why its count cannot be used, or None if it can."""
        if figure.identity != last.identity:
            self._note([component], f"another device is in its place ({figure.identity or 'unnamed'})", seen_s)
            last.identity = figure.identity
        if last.power_w not in (None, figure.power_w):
            last.power_changed = True
        last.power_w = figure.power_w
        if figure.energy_j is None:
            if last.energy_j is not None:
                return "its counter is not on the page any more"
            return None
        if last.energy_j is not None and figure.energy_j < last.energy_j:
            what = f"its counter fell from {last.energy_j:.6g} to {figure.energy_j:.6g} J: the exporter was restarted"
            self._note([component], what, seen_s)
        if figure.energy_j != last.energy_j:
            last.energy_j, last.changed_s, last.power_changed = figure.energy_j, seen_s, False
            return None
        still_s = seen_s - last.changed_s
        if still_s <= MAX_STANDSTILL_STEPS * self.step_s:
            return None
        though = " though its power changes" if last.power_changed else ""
        return f"its counter has stood still for {still_s:,.1f} s{though}: the exporter is stale"

    def _watch_restart(self, page: PageFigures, seen_s: float) -> None:
        before, self._begun_s = self._begun_s, page.begun_s
        if before is not None and page.begun_s is not None and abs(page.begun_s - before) > RESTARTED_S:
            self._note(list(self.parts), "the exporter was restarted, and may have begun to count again", seen_s)
