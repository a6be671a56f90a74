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
from wattbench.meters.remote.exporters import EXPORTERS
from wattbench.meters.remote.figures import Figure, PageFigures, PageReader
from wattbench.meters.remote.scrape import ScrapeSource
from wattbench.meters.remote.stated_error import stated_error_j
from wattbench.meters.remote.tensorrt_llm import TensorRtLlmPage
from wattbench.meters.windows import thresholds
from wattbench.meters.windows.faults import is_gpu
from wattbench.meters.windows.series import Series
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
TENSORRT_LLM_UPDATES_S = 0.1
"""It reads NVML's counters when it is asked; they advance about every 100 ms."""


class RemoteMeter(FollowedMeter):
    """All parts of a machine that one exporter knows."""

    def __init__(self, source: ScrapeSource, page: PageFigures, reader: PageReader, settings: RemoteSettings) -> None:
        """Make it of a source whose first page was read.

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
    def _made(cls, settings: RemoteSettings, reader: PageReader, updates_s: float) -> Self:
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
            updates_s=settings.updates_s or updates_s,
            parts=settings.components,
            close=fetcher.close,
        )
        try:
            return cls(source, source.first(), reader, settings)
        finally:
            fetcher.close()

    def account(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> WindowAccount:
        """Say what spoils a window, how many readings failed, and how far its joules may be off."""
        faults: dict[str, str] = {}
        remarks: list[str] = []
        ordered = sorted(readings, key=lambda reading: reading.at_s)
        for component, made in self.provenance.items():
            series = Series.of(component, made, ordered, started_s, finished_s)
            if series.edge_fault() is not None:
                continue  # the judge says which edge was not read
            fault = self._fault(series) or self._too_uncertain(series)
            if fault is not None:
                faults[component] = fault
            else:
                remarks += self._remarks(series)
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
        """Return how far the joules may be off, as a share of them; None if there are none."""
        source = self._pages
        age_s = 0.0 if source.stamped else source.age_s / 2.0
        shift_s = source.offset.half_s if source.stamped and source.offset is not None else 0.0
        error_j = stated_error_j(
            series.energy, series.power, series.started_s, series.finished_s, age_s=age_s, shift_s=shift_s
        )
        total_j = series.counted_j() if series.counted else series.integral_j()
        return None if error_j is None or total_j <= 0.0 else error_j / total_j

    def _too_uncertain(self, series: Series) -> str | None:
        share, most = self._share(series), thresholds.MAX_INTEGRAL_ERROR
        if share is None or share <= most:
            return None
        return f"uncertain by {share:.1%} ({self._how()}), more than {most:.0%}: use longer windows (min_window_s)"

    def _remarks(self, series: Series) -> list[str]:
        share, remarks = self._share(series), []
        if share is not None:
            remarks.append(f"{series.component}: uncertain by {share:.1%} ({self._how()})")
        if series.gaps:
            remarks.append(
                f"{series.component}: {len(series.gaps)} of its readings failed, the last{series.why_gaps()}"
            )
        return remarks

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
        """Read a page: which parts there are.

        Raises:
            MeterError: there is none, or it has no figures; the message says why.
        """
        exporter = EXPORTERS[settings.exporter]
        reader = replace(exporter, prefix=settings.prefix)
        return cls._made(settings, reader, exporter.updates_s)


class TensorRtLlmMeter(RemoteMeter):
    """The GPUs of a TensorRT-LLM server, by its own account."""

    Settings = TensorRtLlmSettings

    @classmethod
    def from_settings(cls, settings: TensorRtLlmSettings) -> Self:
        """Ask it once.

        Raises:
            MeterError: it does not say; the message says why.
        """
        return cls._made(settings, TensorRtLlmPage(), TENSORRT_LLM_UPDATES_S)


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
