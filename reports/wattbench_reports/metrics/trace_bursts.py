"""Compute what the bursts of a trace cost: its arrivals against Poisson arrivals of the same rate and documents.

The difference of a system is over its documents: each document's mean under the trace minus its mean under Poisson
arrivals. Its interval holds which documents were asked and where in the arrivals they came; there is one window of each
kind, so it does not hold time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS
from wattbench_reports.metrics.arrival_rates import AtRate, LoadFigures, LoadReport
from wattbench_reports.stats import Interval, mean_interval
from wattbench_reports.stats.percentiles import percentiles
from wattbench_reports.stats.queueing import sojourns
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
    """Percentile to seconds from due to done; None where too few, or where it was not held here. So the next one."""
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
    """The trace's mean latency minus that of Poisson arrivals; None where either was not held here, or documents are
    few."""
    j_per_request: Interval | None
    """The same of joules; None where a window has none."""


@dataclass(frozen=True)
class Bursts:
    """All systems under a trace."""

    trace: AtRate
    poisson: AtRate
    costs: tuple[BurstCost, ...]


@dataclass(frozen=True)
class Lengths:
    """How long requests of a trace were, and the suite's in their place: medians, in tokens."""

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
    answers, of_poisson = _answers(trace), _answers(poisson)
    under, under_poisson = _kinds(trace, answers, report), _kinds(poisson, of_poisson, report)
    costs = [
        _cost(under[name], under_poisson[name], answers[name], of_poisson[name])
        for name in under
        if name in under_poisson
    ]
    return Bursts(trace, poisson, tuple(costs))


def _kinds(at: AtRate, answers: Mapping[str, pd.DataFrame], report: LoadReport) -> dict[str, ArrivalKind]:
    tokens = token_times(at.frames)
    return {
        figures.system: ArrivalKind(
            figures=figures,
            latency_s=_percentiles(answers[figures.system]["latency_s"].to_numpy(), held=figures.here),
            ttft_s=_percentiles(tokens[figures.system].first_s, held=figures.here),
            copies=_copies(answers[figures.system], report),
        )
        for figures in at.systems
    }


def _percentiles(seconds: NDArray[np.float64], *, held: bool) -> Mapping[float, float | None]:
    return percentiles(seconds, TAILS) if held else dict.fromkeys(TAILS)


def _answers(at: AtRate) -> dict[str, pd.DataFrame]:
    """Return the answered requests of each system: when each was due, sent and answered, its seconds and its joules."""
    sent = at.frames.more_columns("started_s", "batch_size", "failure")
    items = at.frames.items
    answers = items[["system", *_KEY, "finished_s", "energy_j"]].assign(
        due_s=items["started_s"],  # under load a request begins when it is due
        sent_s=sent["started_s"],
        batch_size=sent["batch_size"],
        latency_s=items["finished_s"] - items["started_s"],
    )[sent["failure"].isna()]
    return {each.system: answers[(answers["system"] == each.system).to_numpy()] for each in at.systems}


def _copies(answers: pd.DataFrame, report: LoadReport) -> int | None:
    if answers.empty or answers["batch_size"].max() > 1:
        return None
    answers = answers.sort_values("due_s")
    due_s, sent_s, finished_s = (answers[name].to_numpy(dtype=np.float64) for name in ("due_s", "sent_s", "finished_s"))
    service_s = np.maximum(finished_s - sent_s, 0.0)
    for copies in range(1, MOST_COPIES + 1):
        ended_s = sojourns(due_s - due_s[0], service_s, copies)
        if float((ended_s <= report.deadline_s).mean()) >= report.share:
            return copies
    return None


def _cost(under: ArrivalKind, under_poisson: ArrivalKind, first: pd.DataFrame, second: pd.DataFrame) -> BurstCost:
    held = under.figures.here and under_poisson.figures.here
    return BurstCost(
        system=under.figures.system,
        trace=under,
        poisson=under_poisson,
        latency_s=_difference(first, second, "latency_s") if held else None,
        j_per_request=_difference(first, second, "energy_j"),
    )


def _difference(first: pd.DataFrame, second: pd.DataFrame, figure: str) -> Interval | None:
    """Return the mean difference over documents that are in both, with the interval of Student's t."""
    means = [each.groupby(_KEY, observed=True)[figure].mean().astype(float) for each in (first, second)]
    gaps: NDArray[np.float64] = np.asarray((means[0] - means[1]).dropna(), dtype=np.float64)
    return mean_interval(gaps, np.arange(len(gaps))) if len(gaps) >= LEAST_DOCUMENTS else None
