"""A machine of its own behind an exporter, read in a time that the test moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.exporter import BEGAN_S, FakeExporter, serve
from wattbench.config import PrometheusSettings, RemoteSettings, TensorRtLlmSettings
from wattbench.meters import MeterError, Reading, WindowEvidence, judge
from wattbench.meters.remote.meter import PrometheusMeter, RemoteMeter, TensorRtLlmMeter
from wattbench.meters.sampling.sampler import counts_at_edges
from wattbench.records import WindowLabel, WindowRow

Act = Callable[[FakeExporter, float], None]
"""What happens to the exporter before it is read at a moment, seconds since the test's time began."""


class Watched:
    """A meter that is read once a second of the test's time."""

    def __init__(self, exporter: FakeExporter, meter: RemoteMeter) -> None:
        self.exporter, self.meter = exporter, meter
        self.readings: list[Reading] = []

    def read(self, until_s: float, act: Act = lambda *_: None, *, from_s: float = 0.0, every_s: float = 1.0) -> None:
        """Read it until a moment."""
        source = self.meter._source
        for number in itertools.count():
            at_s = from_s + number * every_s
            if at_s > until_s:
                return
            self.exporter.now_s = BEGAN_S + at_s
            act(self.exporter, at_s)
            try:
                self.readings += source.look()
            except MeterError as error:  # as the meter's thread does
                self.readings.append(
                    Reading(self.exporter.now_s, gaps=dict.fromkeys(self.meter.provenance, str(error)))
                )

    def window(self, from_s: float, until_s: float) -> WindowRow:
        """Judge a window, as it is judged in a run."""
        started_s, finished_s = BEGAN_S + from_s, BEGAN_S + until_s
        early = [r for r in self.readings if r.at_s <= started_s]
        latest = {id(r): r for r in [r for r in early if r.energy_j][-1:] + [r for r in early if r.power_w][-1:]}
        readings = [*latest.values(), *(r for r in self.readings if r.at_s > started_s)]
        account = self.meter.account(readings, started_s, finished_s)
        edges = counts_at_edges(self.meter.provenance, readings, started_s, finished_s)
        return judge(
            WindowEvidence(
                label=WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured"),
                started_s=started_s,
                finished_s=finished_s,
                readings=[*readings, *edges],
                provenance=self.meter.provenance,
                step_s=self.meter.step_s,
                power_step_s=self.meter.power_step_s,
                distrusted=account.faults,
                remarks=account.remarks,
            )
        )

    def true_j(self, from_s: float, until_s: float) -> float:
        """Return what the machine drew."""
        return self.exporter.course.energy_j(BEGAN_S + from_s, BEGAN_S + until_s)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watched]]:
    """Starts an exporter and makes the meter that reads it, both in the test's time."""
    served = []

    def start(page: Callable[[FakeExporter, float], str], use: dict[str, Any], **settings: Any) -> Watched:
        exporter = FakeExporter(page, **settings)
        serving = serve(exporter)
        served.append(serving)
        next(serving)
        if not exporter.live:
            monkeypatch.setattr("wattbench.network.get.now_s", exporter.clock)
        entry = {"url": exporter.url, "host": "alpha", **use}
        made: RemoteSettings
        if entry["use"] == "prometheus":
            made = PrometheusSettings(**entry)
            return Watched(exporter, PrometheusMeter.from_settings(made))
        made = TensorRtLlmSettings(**entry)
        return Watched(exporter, TensorRtLlmMeter.from_settings(made))

    yield start
    for serving in served:
        next(serving, None)
