"""Meter a run: open its meters once, and open and close windows on them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.interrupts import held
from wattbench.meters.base import (
    AccountableMeter,
    CheckedMeter,
    LimitedMeter,
    Meter,
    MeterError,
    Reading,
    WindowAccount,
)
from wattbench.meters.choose import failure_text
from wattbench.meters.contention.signals import Contention
from wattbench.meters.contention.watch import MachineWatch, WatchedSpan
from wattbench.meters.hosts import components_on
from wattbench.meters.sampling.sampler import Sampler
from wattbench.meters.slots.book import CoRunning
from wattbench.meters.slots.here import SharedMeter, slot_book
from wattbench.meters.windows.evidence import WindowEvidence
from wattbench.meters.windows.judge import judge
from wattbench.meters.windows.thresholds import MIN_STEPS
from wattbench.records import Purpose, WindowLabel, WindowRow

Hosts = Collection[str | None] | None


class Metering:
    """The meters of a run. A context manager: inside it they are open and the sampling thread runs."""

    def __init__(self, meters: Sequence[Meter], watch: MachineWatch | None = None) -> None:
        """Set up the metering without opening a meter.

        Args:
            meters: none of them open.
            watch: what watches the machine around each window; None: its windows say nothing of contention.
        """
        self.provenance: dict[str, str] = {}
        """Component to provenance. Complete inside the context."""
        self.step_s: dict[str, float] = {}
        """Component to how coarsely in time its figures advance, in seconds."""
        self.limits_w: dict[str, float] = {}
        """Component to the most that it is allowed to draw, where its driver says so. Complete inside only."""
        self.power_step_s: dict[str, float] = {}
        """As in `WindowEvidence`. Complete inside only."""
        self.shortest_window_s = 0.0
        """How long a window must be for its sensors, in seconds, whatever the suite sets. Also complete inside only."""
        self._meters = list(meters)
        self._opened: list[Meter] = []
        self._sampler = Sampler(self._meters)
        self._watch = watch
        self._book = slot_book()
        self.parts: frozenset[str] = frozenset()
        """Components whose joules are this slot's part; none where it has the whole machine. Complete inside only."""

    @held()
    def __enter__(self) -> Self:
        """Open every meter.

        Raises:
            UserError: one of them does not open, or two claim the same component.
        """
        try:
            for meter in self._meters:
                self._open(meter)
        except BaseException:
            self._close_meters()
            raise
        if self._watch is not None:
            self._watch.calibrate()
        self._sampler.start()
        return self

    @held()
    def __exit__(self, *_: object) -> None:
        self._sampler.stop()
        self._close_meters()

    def trace_to(self, path: Path | None, hosts: Hosts = None) -> None:
        """Append readings to this CSV file from now on; None: to no file. One file per cell.

        Args:
            path: of the file.
            hosts: as of `open`: the components that do not count are not in the trace.

        Raises:
            UserError: the file cannot be opened.
        """
        components, _ = components_on(self.provenance, hosts)
        self._sampler.trace_to(path, None if hosts is None else frozenset(components))

    def open(
        self, label: WindowLabel, hosts: Hosts = None, limit_faults: Callable[[], Sequence[str]] = tuple
    ) -> OpenWindow:
        """Open a window, which begins when this returns.

        Waits for the next step of a counter that advances in steps (0.1 s or so).

        Args:
            label: of the window.
            hosts: the machines on which the window's system runs; None among them is this one. Components of other
                machines do not count. None in their place: all components count.
            limit_faults: called when the window closes. Returns why the label's power limits are not in force then.

        Raises:
            UserError: the trace could not be written.
        """
        span = None if self._watch is None else self._watch.open()
        started_s, readings = self._sampler.open_window()
        if span is not None:
            span.begin()
        label = replace(label, started_s=started_s, co_runners=0 if self._book is None else self._book.others_now)
        label = replace(label, shared=sorted(self.parts) if label.co_runners else [])
        return OpenWindow(self, self._sampler, label, started_s, readings, span, hosts, limit_faults)

    def co_running(self, started_s: float, finished_s: float) -> CoRunning:
        """Wait until the records of other slots cover a past window; return what these slots used in it."""
        if self._book is None:
            return CoRunning()
        self._book.wait_until(finished_s)
        return self._book.others(started_s, finished_s)

    def accounts(
        self, components: Sequence[str], readings: Sequence[Reading], started_s: float, finished_s: float
    ) -> list[WindowAccount]:
        """Return the accounts that the meters of these components give of a window."""
        able = [meter for meter in self._opened if isinstance(meter, AccountableMeter)]
        of_window = [meter for meter in able if not set(components).isdisjoint(meter.provenance)]
        return [meter.account(readings, started_s, finished_s) for meter in of_window]

    def _open(self, meter: Meter) -> None:
        try:
            meter.open()
        except MeterError as error:
            raise UserError(failure_text(meter.name, error)) from error
        self._opened.append(meter)
        if isinstance(meter, SharedMeter):
            self.parts |= meter.parts
        if isinstance(meter, LimitedMeter):
            self.limits_w.update(meter.limits_w)
        if isinstance(meter, CheckedMeter):
            self.power_step_s.update(meter.power_step_s)
        for component, provenance in meter.provenance.items():
            if component in self.provenance:
                raise UserError(f"two meters claim to measure {component}; the second is {meter.name}: leave one out")
            self.provenance[component] = provenance
            self.step_s[component] = meter.step_s[component]
            self.shortest_window_s = max(self.shortest_window_s, MIN_STEPS * meter.step_s[component])

    def _close_meters(self) -> None:
        while self._opened:
            self._opened.pop().close()


class OpenWindow:
    """A window that is being metered. Made by `Metering.open`."""

    def __init__(
        self,
        metering: Metering,
        sampler: Sampler,
        label: WindowLabel,
        started_s: float,
        readings: list[Reading],
        span: WatchedSpan | None,
        hosts: Hosts,
        limit_faults: Callable[[], Sequence[str]],
    ) -> None:
        self.label = label
        """As given, with `started_s` filled in: recorded, it lets the window be closed after a kill."""
        self.started_s = started_s
        """Seconds since the epoch."""
        self._metering = metering
        self._sampler = sampler
        self._readings = readings
        self._span = span
        self._hosts = hosts
        self._limit_faults = limit_faults

    @property
    def elapsed_s(self) -> float:
        """Seconds since the window opened."""
        return now_s() - self.started_s

    def close(
        self,
        *,
        idle_w: Mapping[str, float] | None = None,
        passes: int = 1,
        min_window_s: float = 0.0,
        pass_s: Sequence[float] = (),
    ) -> WindowRow:
        """End the window now, and judge it. Call it once.

        Args:
            idle_w: watts per component of the loaded, idle system, where they are known.
            passes: how often the window's items were asked.
            min_window_s: the suite's own minimum: a `measured` window that is shorter is invalid.
            pass_s: how long each of those passes took, in seconds, the first one first; empty if that is not known.

        Returns:
            The judged window.

        Raises:
            UserError: the trace could not be written.
        """
        if self._span is not None:
            self._span.end()
        finished_s = self._sampler.close_window(self._readings)
        limit_faults = self._limit_faults()
        self._sampler.sync_trace()
        readings = [*self._readings, *self._sampler.edge_readings(self._readings, self.started_s, finished_s)]
        idle = self.label.purpose == Purpose.IDLE
        counted, unread = components_on(self._metering.provenance, self._hosts, partly=idle)
        others = self._metering.co_running(self.started_s, finished_s)
        accounts = self._metering.accounts(counted, self._readings, self.started_s, finished_s)
        evidence = WindowEvidence(
            label=self.label,
            started_s=self.started_s,
            finished_s=finished_s,
            readings=readings,
            provenance={component: self._metering.provenance[component] for component in counted},
            step_s=self._metering.step_s,
            power_step_s=self._metering.power_step_s,
            limits_w=self._metering.limits_w,
            idle_w={component: watts for component, watts in (idle_w or {}).items() if component in counted},
            unread_hosts=unread,
            passes=passes,
            min_window_s=min_window_s,
            contention=Contention() if self._span is None else self._span.finish(pass_s, others.slots, others.cpu_s),
            co_runners=others.slots,
            parts=self._metering.parts.intersection(counted),
            distrusted={component: why for account in accounts for component, why in account.faults.items()},
            limit_faults=limit_faults,
            remarks=[
                *([] if passes == 1 else [f"its items were asked {passes} times to fill it"]),
                *(remark for account in accounts for remark in account.remarks),
            ],
        )
        return judge(evidence)
