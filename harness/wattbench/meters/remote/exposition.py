"""Read the samples of a page in Prometheus' text format, of the metrics that are asked for.

The lines are parsed by prometheus_client, the parser that the format's own project keeps (Apache-2.0). It reads a page
of one hostile line in time that grows with the square of its length (4 s for 400 kB, measured), and gives up the whole
page for one line that it cannot read. So it is given one line at a time, only those of the wanted metrics, and none
that is longer than any exporter's. It comes with codecarbon, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

MOST_LINE = 4096
"""Characters of a line. The labels of a sample take some hundred."""
MOST_SAMPLES = 10_000
"""Samples of the wanted metrics that are read of one page: some per device."""

_NAME = re.compile(r"[^\s{]*")


@dataclass(frozen=True)
class PageSample:
    """One sample of a page."""

    metric: str
    labels: Mapping[str, str]
    value: float
    """May be infinite or no number."""
    stamp_s: float | None
    """When it was taken by the exporter's clock, seconds since the epoch; None where the page does not say."""


@dataclass(frozen=True)
class UnreadLine:
    """A line of a wanted metric that cannot be read."""

    metric: str
    why: str


def samples(text: str, metrics: Collection[str], *, open_metrics: bool = False) -> Iterator[PageSample | UnreadLine]:
    """Yield the samples of some metrics, in the order of the page.

    Args:
        text: the page.
        metrics: whole names.
        open_metrics: the page is in OpenMetrics, whose time stamps are seconds; else they are milliseconds.
    """
    number = 0
    for line in text.split("\n"):
        stripped = line.strip()
        metric = _name(stripped[:MOST_LINE])
        if metric not in metrics:
            continue
        number += 1
        if number > MOST_SAMPLES:
            yield UnreadLine(metric, f"more than {MOST_SAMPLES:,} samples")
            return
        yield _sample(metric, stripped, open_metrics)


def _name(line: str) -> str:
    """Return the metric's name at the beginning of a line."""
    return _NAME.match(line)[0]  # type: ignore[index]  # it matches anything, nothing included


def _sample(metric: str, line: str, open_metrics: bool) -> PageSample | UnreadLine:
    if len(line) > MOST_LINE:
        return UnreadLine(metric, f"a line of more than {MOST_LINE:,} characters")
    try:
        # What follows in OpenMetrics is an exemplar.
        (family,) = text_string_to_metric_families(line.partition(" # {")[0] if open_metrics else line)
        (sample,) = family.samples
        value = float(sample.value)
        stamp_s = None if sample.timestamp is None else float(sample.timestamp) * (1000.0 if open_metrics else 1.0)
    except (ValueError, OverflowError, IndexError):
        return UnreadLine(metric, "a line that is no sample")
    return PageSample(metric, dict(sample.labels), value, stamp_s)
