"""Define the record of figures that another tool states over requests which it does not list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wattbench.records.rows.schema import Count, FieldError, RecordRow, Signed

FIGURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "accuracy": ("accuracy", "share"),
        "latency": ("latency", "s"),
        "first_token": ("first token after", "s"),
        "token": ("time per output token after the first", "s"),
        "token_gap": ("time between tokens", "s"),
        "schedule_delay": ("sent later than due", "s"),
        "duration": ("duration", "s"),
        "requests": ("requests", "requests"),
        "failed_requests": ("failed requests", "requests"),
        "requests_per_s": ("requests per second", "requests/s"),
        "in_flight": ("requests in flight", "requests"),
        "prompt_tokens": ("prompt tokens", "tokens"),
        "output_tokens": ("output tokens", "tokens"),
        "prompt_tokens_per_s": ("prompt tokens per second", "tokens/s"),
        "output_tokens_per_s": ("output tokens per second", "tokens/s"),
        "tokens_per_s": ("tokens per second", "tokens/s"),
        "power": ("power", "W"),
        "energy": ("energy", "J"),
    }
)
"""Figure to its name in words and its unit, in the order in which they are shown. A source may state others: they are
shown under its own name and unit."""

STATISTICS = ("total", "mean", "standard deviation", "minimum", "median", "maximum")
"""What a figure is over its requests; or a percentile: ``p99``, ``p99.9``."""


@dataclass(frozen=True, kw_only=True)
class SummaryRow(RecordRow):
    """A line of `summaries.jsonl`: one figure of one system, as another tool states it. It is shown, and never tested.

    A reader of `wattbench.importers` puts rows into `Imported.summaries`, in addition to answers or in their place::

        SummaryRow(system="qwen 4 at once", figure="first_token", statistic="p99", value=0.0613, unit="s",
                   requests=200, source_name="ttft_p99_ms", where="summary.json")

    Values are in the units of `FIGURES`: seconds, never milliseconds.
    """

    system: str
    figure: str
    """A name of `FIGURES`, or the source's own name of a figure that is not among them."""
    statistic: str
    """One of `STATISTICS`, or a percentile such as ``p99``."""
    value: Signed
    unit: str
    """That of `FIGURES`; of another figure, the source's own."""
    requests: Count | None = None
    """Over how many requests; None: the source does not say."""
    source_name: str = ""
    """How the source calls it, with its path: ``metrics.time_to_first_token_ms.successful.percentiles.p99``."""
    where: str = ""
    """The file and, where it has lines, the line."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that a known figure has its unit, and that the statistic is a known one."""
        known = FIGURES.get(raw["figure"])
        if known is not None and raw["unit"] != known[1]:
            raise FieldError(f"unit of {raw['figure']} is {raw['unit']!r:.60}: it must be {known[1]!r}")
        if raw["statistic"] not in STATISTICS and not _is_percentile(raw["statistic"]):
            raise FieldError(f"statistic is {raw['statistic']!r:.60}: it must be {', '.join(STATISTICS)} or p99")


def _is_percentile(name: str) -> bool:
    try:
        return name.startswith("p") and 0 <= float(name[1:]) <= 100
    except ValueError:
        return False
