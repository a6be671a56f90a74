"""What the bursts of a trace cost: its arrivals against Poisson arrivals, as many in as long, of the same documents.

The difference of a system is over its documents: each document's mean under the trace minus its mean under Poisson
arrivals. Its interval holds which documents were asked and where in the arrivals they came; there is one window of each
kind, so it does not hold time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS
from wattbench_reports.metrics.arrival_rates import AtRate, LoadFigures, LoadReport
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import percentiles
from wattbench_reports.stats.queueing import sojourns
from wattbench_reports.stats.student import t_quantile
from wattbench_reports.tables.token_timings import token_times

TAILS = (0.5, 0.95, 0.99)
MOST_COPIES = 64
"""Of a model: more are not tried."""
LEAST_DOCUMENTS = 5
"""For an interval over documents."""
_KEY = ["task", "doc_id"]


@dataclass(frozen=True)
class ArrivalKind:
    """A system under one kind of arrivals."""

    figures: LoadFigures
    latency_s: Mapping[float, float | None]
    """Percentile to seconds from due to done; None where too few, or where it is not held. So the next one."""
    ttft_s: Mapping[float, float | None]
    copies: int | None
    """The fewest copies of the model, each answering one request at a time, that are to be resident for the arrivals to
    be held, by simulation with the measured durations; None for a server, whose durations depend on its load, and
    where more than `MOST_COPIES` are needed."""


@dataclass(frozen=True)
class BurstCost:
    """A system under a trace, and under Poisson arrivals at the same mean rate."""

    system: str
    trace: ArrivalKind
    poisson: ArrivalKind
    latency_s: Interval | None
    """The trace's mean latency minus that of Poisson arrivals; None where either is not held, or documents are few."""
    j_per_request: Interval | None
    """The same of joules; None where a window has none."""


@dataclass(frozen=True)
class Bursts:
    """All systems."""

    trace: AtRate
    poisson: AtRate
    costs: tuple[BurstCost, ...]


@dataclass(frozen=True)
class Lengths:
    """How long requests of a trace were, and those of the suite in their place are: medians, in tokens."""

    what: str
    """``prompt`` or ``output``."""
    trace: float
    suite: float | None
    """Over the answers of all systems; None where no engine counts them."""


def trace_lengths(at: AtRate) -> list[Lengths]:
    """Return the lengths that a trace states, next to those of the suite.

    Raises:
        UserError: the tables are damaged.
    """
    lengths = []
    for column, name, what in (
        ("prompt_tokens", "input_tokens", "prompt"),
        ("output_tokens", "output_tokens", "output"),
    ):
        stated = at.trace.get(name)
        if stated:
            counts = at.frames.more_columns(column)[column].dropna()
            suite = float(np.median(counts.to_numpy(dtype=np.float64))) if len(counts) else None
            lengths.append(Lengths(what, float(stated["p50"]), suite))
    return lengths


def bursts(report: LoadReport) -> Bursts | None:
    """Compare a trace with the Poisson arrivals next to it; None where one of them was not measured.

    Raises:
        UserError: the tables are damaged.
    """
    kinds = {at.arrivals: at for at in report.rates}
    trace, poisson = kinds.get(TRACE_ARRIVALS), kinds.get(POISSON_ARRIVALS)
    if trace is None or poisson is None:
        return None
    under = {at.arrivals: _kinds(at, report) for at in (trace, poisson)}
    both = [name for name in under[TRACE_ARRIVALS] if name in under[POISSON_ARRIVALS]]
    costs = [_cost(name, trace, poisson, under[TRACE_ARRIVALS][name], under[POISSON_ARRIVALS][name]) for name in both]
    return Bursts(trace, poisson, tuple(costs))


def _kinds(at: AtRate, report: LoadReport) -> dict[str, ArrivalKind]:
    tokens = token_times(at.frames)
    kinds = {}
    for figures in at.systems:
        answers = _answers(at, figures.system)
        latency_s = (answers["finished_s"] - answers["started_s"]).to_numpy()
        kinds[figures.system] = ArrivalKind(
            figures=figures,
            latency_s=_percentiles(latency_s, held=figures.held),
            ttft_s=_percentiles(tokens[figures.system].first_s, held=figures.held),
            copies=_copies(at, figures.system, report),
        )
    return kinds


def _percentiles(seconds: NDArray[np.float64], *, held: bool) -> Mapping[float, float | None]:
    return percentiles(seconds, TAILS) if held else dict.fromkeys(TAILS)


def _answers(at: AtRate, system: str) -> pd.DataFrame:
    """Return the answered requests of a system: from when each was due (`started_s`) to its end."""
    more = at.frames.more_columns("failure")
    of_system = (at.frames.items["system"] == system).to_numpy() & more["failure"].isna().to_numpy()
    return at.frames.items[of_system]


def _copies(at: AtRate, system: str, report: LoadReport) -> int | None:
    sent = at.frames.more_columns("started_s", "scheduled_s", "batch_size", "failure")
    of_system = sent[(at.frames.items["system"] == system).to_numpy() & sent["failure"].isna().to_numpy()]
    if of_system.empty or of_system["batch_size"].max() > 1:
        return None
    of_system = of_system.sort_values("scheduled_s")
    finished_s = at.frames.items.loc[of_system.index, "finished_s"].to_numpy(dtype=np.float64)
    arrived_s = of_system["scheduled_s"].to_numpy(dtype=np.float64)
    service_s = np.maximum(finished_s - of_system["started_s"].to_numpy(dtype=np.float64), 0.0)
    for copies in range(1, MOST_COPIES + 1):
        ended_s = sojourns(arrived_s - arrived_s[0], service_s, copies)
        if float((ended_s <= report.deadline_s).mean()) >= report.share:
            return copies
    return None


def _cost(name: str, trace: AtRate, poisson: AtRate, under: ArrivalKind, under_poisson: ArrivalKind) -> BurstCost:
    first, second = _answers(trace, name), _answers(poisson, name)
    held = under.figures.held and under_poisson.figures.held
    return BurstCost(
        system=name,
        trace=under,
        poisson=under_poisson,
        latency_s=_difference(_latencies(first), _latencies(second)) if held else None,
        j_per_request=_difference(first.set_index(_KEY)["energy_j"], second.set_index(_KEY)["energy_j"]),
    )


def _latencies(answers: pd.DataFrame) -> pd.Series:
    return (answers["finished_s"] - answers["started_s"]).set_axis(pd.MultiIndex.from_frame(answers[_KEY]))


def _difference(first: pd.Series, second: pd.Series) -> Interval | None:
    """Return the mean difference over documents that are in both, with the interval of Student's t."""
    means = [each.astype(float).groupby(level=_KEY, observed=True).mean() for each in (first, second)]
    gaps = (means[0] - means[1]).dropna().to_numpy()
    if len(gaps) < LEAST_DOCUMENTS or first.isna().all() or second.isna().all():
        return None
    mean = float(gaps.mean())
    half = t_quantile(len(gaps) - 1) * float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
    return Interval(mean, mean - half, mean + half)
