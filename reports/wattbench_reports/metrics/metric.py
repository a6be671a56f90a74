"""Define what the reports know of a metric: one definition, which tables, exports, gates and nights read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wattbench_reports.comparability.rules import JOULES, LATENCY
from wattbench_reports.stats import Interval

MONEY_UNIT = "money"
"""The unit of a figure in a currency, which the figure's record names."""

SHARE_UNIT = "share"
"""The unit of a figure from 0 to 1, shown in per cent."""

BOUNDS = ("", "_low", "_high")
"""What follows the name of a column of a figure with an interval: the figure itself, and both ends."""


@dataclass(frozen=True)
class Ratio:
    """The sum of one column of the answers over the sum of another one, over the answers that have both.

    A column is one of `wattbench_reports.tables.items_table`, ``seconds`` (of answered requests) or ``money``.
    """

    top: str
    bottom: str | None = None
    """None: over the number of answers."""


@dataclass(frozen=True)
class Quantile:
    """The least value of ``seconds``, or of ``ttft_s``, within which a share of the requests lies."""

    column: str
    share: float


@dataclass(frozen=True)
class Metric:
    """A metric: what it is, how it is computed and compared, and where it is shown."""

    name: str
    """In a gate's policy and in a history."""
    label: str
    """For people: ``latency p50``."""
    unit: str
    """``s``, ``J``, ``g``, ``tokens``, ``B``, `SHARE_UNIT`, `MONEY_UNIT` ...; empty: a number of things."""
    figure: str
    """Which of `wattbench_reports.comparability.rules.FIGURES` decides whether two systems may be compared by it."""
    definition: str = ""
    """A phrase: ``Energy per correct answer``."""
    better: Literal["lower", "higher"] | None = "lower"
    """None: neither way is better."""
    computed: Ratio | Quantile | None = None
    """From the answers: by gates and histories, and for an added metric everywhere. None: by code of its own."""
    column: str = ""
    """In the figures of a run; empty: it is not among them. Bounds have the columns of `columns`."""
    bounds: bool = True
    """Whether it has an interval there."""
    gauge: str = ""
    """In Prometheus, after the prefix: ``correct_answer_energy{}_joules``, with a bound's name for ``{}``; empty: it is
    not exported."""
    gauge_scale: float = 1.0
    """The gauge's unit over the column's."""
    gauge_labels: Mapping[str, str] | None = None
    """Label to the column that holds it, or to its value as ``=0.5``; None: by its kind."""

    @property
    def columns(self) -> dict[str, str]:
        """Map each of `BOUNDS` that it has to its column: of latencies the unit comes last, as in ``latency_p95_s``."""
        stem, unit = self.column, ""
        if stem.startswith("latency"):
            stem, unit = stem.removesuffix("_s"), "_s"
        return {bound: f"{stem}{bound}{unit}" for bound in (BOUNDS if self.bounds else BOUNDS[:1])}

    def cells(self, interval: Interval | None) -> dict[str, Any]:
        """Map its columns to a figure and its bounds, None without one."""
        if interval is None:
            return dict.fromkeys(self.columns.values())
        ends = {"": interval.estimate, "_low": interval.low, "_high": interval.high}
        return {column: ends[bound] for bound, column in self.columns.items()}

    @property
    def labels(self) -> Mapping[str, str]:
        """Return the labels of its gauge: of joules their provenance, of money its currency."""
        if self.gauge_labels is not None:
            return self.gauge_labels
        if self.figure == JOULES:
            return {"provenance": "energy_provenance"}
        if self.unit == MONEY_UNIT:
            return {"currency": "cost_currency"}
        return {"quantile": f"={self.computed.share:g}"} if isinstance(self.computed, Quantile) else {}

    @property
    def varies_with_session(self) -> bool:
        """Return whether another session of the machine would change its gate's figure, whatever is paid."""
        return self.computed is not None and self.figure in (LATENCY, JOULES)
