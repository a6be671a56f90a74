"""How long answers take: the distribution per system and its percentiles; then the first token and those after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports import figures
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.figures.latency import FIRST_TOKEN, PER_TOKEN, WHOLE, Spell
from wattbench_reports.formatting import units
from wattbench_reports.sections.model import Drawing, Passage, Section
from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.stats.percentiles import label, percentile, rule
from wattbench_reports.tables.token_timings import TokenTimes, token_times
from wattbench_reports.wording import arrival_rates

_SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)

_LEAD = (
    "The share of requests answered within so many seconds. Better is to the left; a long way between the foot and the "
    "head of a curve is an unpredictable system."
)

_Seconds = Mapping[str, NDArray[np.float64]]


def latency_section(analysis: Analysis) -> Section:
    """The whole request; then, where engines tell when tokens came, the first one and those after it."""
    whole = {name: each.latency_s for name, each in analysis.measured.items()}
    start = "from when it was due" if analysis.comparison.load is not None else "from sending it"
    caption = f"Latency of a request, {start} to its last token"
    drawing = _drawing(whole, WHOLE, "latency distribution")
    passage = Passage("", tuple(_circumstances(analysis)), (_table(analysis, whole, caption),), drawing)
    tokens = token_times(analysis.frames)
    passages = (passage, *_first_token(analysis, tokens, start), *_per_token(analysis, tokens))
    return Section("latency", "Latency", "How long an answer takes", _LEAD, passages)


def _circumstances(analysis: Analysis) -> Iterable[str]:
    if analysis.shares is not None:
        yield (
            "Every request counts the same in this section; the latencies of the comparison are those of its mix of "
            "domains."
        )
    report = analysis.comparison.load
    if report is None:
        return
    yield (
        f"All figures are {arrival_rates.title(report.compared)}. Latency counts from when a request was due, so "
        "the wait for its turn is part of it."
    )
    if analysis.not_held:
        yield (
            f"{units.listed(list(analysis.not_held))} {'does' if len(analysis.not_held) == 1 else 'do'} not hold that "
            "rate: no percentile is given, as it would be the length of a queue."
        )


def _first_token(analysis: Analysis, tokens: Mapping[str, TokenTimes], start: str) -> Iterable[Passage]:
    seconds = {name: each.first_s for name, each in tokens.items()}
    silent = [name for name, own in seconds.items() if not len(own)]
    if len(silent) == len(seconds):
        yield Passage(
            "First token", ("No engine of this run tells when a first token came: those that stream their answers do.",)
        )
        return
    told = [f"Not told by the engine of {units.listed(silent)}."] if silent else []
    partly = [
        f"{name} ({len(own):,} of {tokens[name].answers:,})"
        for name, own in seconds.items()
        if 0 < len(own) < tokens[name].answers
    ]
    if partly:
        told.append(f"Told of some requests only: {units.listed(partly)}.")
    table = _table(analysis, seconds, f"Time to the first token, {start}")
    yield Passage("First token", tuple(told), (table,), _drawing(seconds, FIRST_TOKEN, "time to first token"))


def _per_token(analysis: Analysis, tokens: Mapping[str, TokenTimes]) -> Iterable[Passage]:
    seconds = {name: each.per_token_s for name, each in tokens.items()}
    if not any(len(own) for own in seconds.values()):
        return
    told = (
        "From the first token to the last, over the tokens after the first; an answer of one token, or in one chunk, "
        "has none. Where an engine sends several tokens at once, or a hybrid asks several members, it is a mean over "
        "their pauses.",
    )
    table = _table(analysis, seconds, "Seconds per output token after the first")
    yield Passage("Later tokens", told, (table,), _drawing(seconds, PER_TOKEN, "seconds per later token"))


def _drawing(seconds: _Seconds, spell: Spell, what: str) -> Drawing | None:
    curves = [figures.Curve(name, place, own) for place, (name, own) in enumerate(seconds.items()) if len(own)]
    return Drawing(figures.latency(curves, spell), f"Figure: {what}", "") if curves else None


def _table(analysis: Analysis, seconds: _Seconds, caption: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column("System"),
            Column("Requests", numeric=True),
            *(Column(label(share), numeric=True) for share in _SHARES),
            Column("Slowest", numeric=True),
        ),
        rows=tuple(
            (
                Cell(name, series=place),
                Cell(units.count(len(own))),
                *(Cell(units.quantity(value, "s")) for value in _percentiles(own, held=name not in analysis.not_held)),
                Cell(units.quantity(float(own[-1]) if len(own) else None, "s")),
            )
            for place, (name, own) in enumerate(seconds.items())
        ),
        note=rule(_SHARES),
    )


def _percentiles(seconds: NDArray[np.float64], *, held: bool) -> Sequence[float | None]:
    return [percentile(seconds, share) if held else None for share in _SHARES]
