"""Meter another machine by the pages of an exporter there, and say how far its joules can be trusted."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Self

from wattbench.config import PrometheusSettings, RemoteSettings, TensorRtLlmSettings, far_host
from wattbench.meters.base import COUNTER, INTEGRATED, MODELLED, MeterError, Reading, WindowAccount
from wattbench.meters.followed import FollowedMeter
from wattbench.meters.remote.exporters import EXPORTERS, Figure, PageFigures, PageReader, TensorRtLlmPage
from wattbench.meters.remote.scrape import ScrapeSource
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.faults import is_gpu
from wattbench.meters.windows.series import Point, Series
from wattbench.network.get import Fetcher, FetchError
from wattbench.network.urls import is_loopback
from wattbench.redaction import hide

CLOCK_NAMED_S = 1.0
"""A clock that is surely further off than this is named: NTP keeps clocks within some milliseconds of one another."""
SLOWER = 1.5
"""How many times slower than its setting an exporter may update, typically."""
FEWEST_STEPS = 4
"""How many changes of a counter show its own step."""
AVERAGED_OVER_S = 1.0
"""Over how long the power of a GPU may be a mean: `nvmlDeviceGetPowerUsage`, which DCGM reads, on Ampere and newer."""
UNEVEN = 0.1
"""By what share the pauses vary: at even ones each answer would show the same moment of the server's second."""


class RemoteMeter(FollowedMeter):
    """A meter of all parts of a machine whose figures one exporter has."""

    def __init__(self, source: ScrapeSource, page: PageFigures, reader: PageReader, settings: RemoteSettings) -> None:
        """Make the meter from a source whose first page has been read.

        Args:
            source: of the readings.
            page: its first page.
            reader: knows the exporter.
            settings: of the suite.
        """
        figures = {component: page.parts[part] for component, part in source.parts.items()}
        step_s = source.step_s
        name = f"{settings.use} ({source.host})" if source.host else settings.use
        super().__init__(
            source,
            name=name,
            provenance={component: _provenance(component, each, reader) for component, each in figures.items()},
            reads=dict.fromkeys(figures, f"{reader.reads}, every {settings.every_s:g} s"),
            every_s=settings.every_s,
            look_every_s=settings.every_s,
            step_s=step_s,
            lag_s=2.0 * step_s + settings.timeout_s,
            uneven=UNEVEN,
        )
        self.power_step_s: Mapping[str, float] = {
            c: math.inf if figure.whole_module else max(step_s, AVERAGED_OVER_S) for c, figure in figures.items()
        }
        self._pages = source
        self._every_s = settings.every_s

    @classmethod
    def _made(cls, settings: RemoteSettings, reader: PageReader) -> Self:
        try:
            fetcher = Fetcher(
                settings.url, timeout_s=settings.timeout_s, accept=reader.accept, key=_key(settings.token_env)
            )
        except FetchError as error:
            raise MeterError(f"url: {error}") from None
        source = ScrapeSource(
            fetcher.fetch,
            reader,
            host=far_host(settings.url) if settings.host is None else _unless_here(settings.host),
            every_s=settings.every_s,
            updates_s=settings.updates_s or reader.updates_s,
            parts=settings.components,
            close=fetcher.close,
        )
        try:
            return cls(source, source.first(), reader, settings)
        finally:
            fetcher.close()

    def account(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> WindowAccount:
        """Return the faults of a window, how many readings failed, and how far off its joules may be."""
        faults: dict[str, str] = {}
        remarks: list[str] = []
        ordered = sorted(readings, key=lambda reading: reading.at_s)
        for component, made in self.provenance.items():
            series = Series.of(component, made, ordered, started_s, finished_s)
            if series.edge_fault() is not None:
                continue  # the judge says which edge was not read
            share = self._share(series)
            uncertain = "" if share is None else f"uncertain by {share:.1%} ({self._how()})"
            if (fault := self._fault(series)) is not None:
                faults[component] = fault
            elif share is not None and share > (most := thresholds.MAX_INTEGRAL_ERROR):
                faults[component] = f"{uncertain}, more than {most:.0%}: use longer windows (min_window_s)"
            else:
                failed = (
                    f"{len(series.gaps)} of its readings failed, the last{series.why_gaps()}" if series.gaps else ""
                )
                remarks += [f"{component}: {said}" for said in (uncertain, failed) if said]
        return WindowAccount(faults, [*remarks, *self._clock_remarks()])

    def _fault(self, series: Series) -> str | None:
        source = self._pages
        until_s = series.last_s + (source.step_s if source.stamped else 0.0)
        events = [each for each in list(source.events) if series.first_s < each.at_s <= until_s]
        spoiled = [each.what for each in events if series.component in each.components]
        if spoiled:
            return "; ".join(dict.fromkeys(spoiled))
        steps_s = [b - a for (a, _), (b, _) in itertools.pairwise(series.energy)]
        if len(steps_s) >= FEWEST_STEPS and median(steps_s) > SLOWER * source.step_s:
            return f"its figures change every {median(steps_s):.1f} s, not every {source.step_s:g} s: set updates_s"
        return None

    def _share(self, series: Series) -> float | None:
        """Return how far off the joules may be, as a share of them; None if unknown."""
        source = self._pages
        age_s = 0.0 if source.stamped else source.age_s / 2.0
        shift_s = source.offset.half_s if source.stamped and source.offset is not None else 0.0
        error_j = _stated_error_j(
            series.energy, series.power, series.started_s, series.finished_s, age_s=age_s, shift_s=shift_s
        )
        total_j = series.counted_j() if series.counted else series.integral_j()
        return None if error_j is None or total_j <= 0.0 else error_j / total_j

    def _how(self) -> str:
        source, offset = self._pages, self._pages.offset
        updated = f"updated every {source.step_s:g} s, " if source.step_s > self._every_s else ""
        clock = "is not known" if offset is None else f"{offset.middle_s:+.1f} s ± {offset.half_s:.1f} s"
        return f"read every {self._every_s:g} s, {updated}its clock {clock}"

    def _clock_remarks(self) -> list[str]:
        offset = self._pages.offset
        if offset is None or abs(offset.middle_s) - offset.half_s <= CLOCK_NAMED_S:
            return []
        how = "ahead of" if offset.middle_s > 0.0 else "behind"
        used = "its time stamps are corrected by that" if self._pages.stamped else "its figures are stamped on arrival"
        return [f"{self.name}: its clock is {abs(offset.middle_s):.1f} s {how} this machine's; {used}"]


class PrometheusMeter(RemoteMeter):
    """The GPUs, processor and memory of a machine with one of the exporters that are known."""

    Settings = PrometheusSettings

    @classmethod
    def from_settings(cls, settings: PrometheusSettings) -> Self:
        """Make the meter; read a page, to learn which parts the machine has.

        Raises:
            MeterError: there is none, or it has no figures; the message says why.
        """
        return cls._made(settings, replace(EXPORTERS[settings.exporter], prefix=settings.prefix))


class TensorRtLlmMeter(RemoteMeter):
    """The GPUs of a TensorRT-LLM server, by its own account."""

    Settings = TensorRtLlmSettings

    @classmethod
    def from_settings(cls, settings: TensorRtLlmSettings) -> Self:
        """Make the meter; read the server's page once, to check that it counts joules.

        Raises:
            MeterError: it does not say; the message says why.
        """
        return cls._made(settings, TensorRtLlmPage())


def _provenance(component: str, figure: Figure, reader: PageReader) -> str:
    if figure.modelled:
        return MODELLED
    if figure.energy_j is None:
        return INTEGRATED
    return COUNTER if is_gpu(component) else reader.shared


def _key(token_env: str | None) -> str | None:
    if token_env is None:
        return None
    key = os.environ.get(token_env, "").strip()
    if not key:
        raise MeterError(f"the variable {hide(token_env)} (token_env) is not set", fix="export it with the token")
    return key


def _unless_here(host: str) -> str | None:
    return None if is_loopback(host) else host.lower()


def _stated_error_j(
    counts: Sequence[Point],
    watts: Sequence[Point],
    started_s: float,
    finished_s: float,
    *,
    age_s: float,
    shift_s: float,
) -> float | None:
    """Return by how many joules a window may be off; None if its readings do not allow an estimate.

    Three things are not known. Between two readings the counter may have risen along any line that the power allows: a
    count at a window's edge, taken from the straight line, is wrong by at most a quarter of a step of the range of the
    power. A count without a time stamp is as old as its sensor's last look, which differs from edge to edge. And the
    other machine's clock moves both edges alike, by its offset times the difference of the power at the edges, as age
    does power that is read.

    Args:
        counts: joules counted, in time order; or none, of a part of which only power is read.
        watts: power, in time order; may be empty if there are counts.
        started_s: of the window, seconds since the epoch.
        finished_s: likewise.
        age_s: by how much each time stamp may be off, either way.
        shift_s: by how much all of them may be off, alike.
    """
    means = [((a_s, b_s), (b - a) / (b_s - a_s)) for (a_s, a), (b_s, b) in itertools.pairwise(counts) if b_s > a_s]
    if not means:
        means = [((a_s, b_s), (a + b) / 2.0) for (a_s, a), (b_s, b) in itertools.pairwise(watts) if b_s > a_s]
    at_start, at_finish = _around(means, started_s), _around(means, finished_s)
    if at_start is None or at_finish is None:
        return None
    (start_s, start_w), (finish_s, finish_w) = at_start, at_finish
    if not counts:
        return (shift_s + age_s) * abs(finish_w - start_w)
    near = [power_w for at_s, power_w in watts if started_s - start_s <= at_s <= finished_s + finish_s]
    drawn = [*near, *(mean_w for _, mean_w in means)]
    range_w = max(drawn) - min(drawn)
    aged_j = math.hypot(age_s * start_w, age_s * finish_w)
    return math.hypot(shift_s * (finish_w - start_w), aged_j, range_w * start_s / 4.0, range_w * finish_s / 4.0)


def _around(means: Sequence[tuple[tuple[float, float], float]], at_s: float) -> tuple[float, float] | None:
    """Return the length and the mean power of the interval around a moment; None outside all intervals."""
    for (from_s, to_s), mean_w in means:
        if from_s <= at_s <= to_s:
            return to_s - from_s, mean_w
    return None
