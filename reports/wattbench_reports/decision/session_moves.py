"""Compute from earlier sessions how the costs of another run on this machine would move.

One run shows other items and, in blocks, other times of its own session. What is fixed for a whole session (a warm
machine, the place of its memory), and what changes more slowly than a run is long, moves all of its joules and seconds,
and is in no block. Earlier sessions of the same suite on the same machine show it. With them the costs of a decision
are those of *another run on this machine*; without them they are those of *the machine as it was in this run*.

Session j moved the cost of system s, by the logarithm of its joules or seconds per request, by

    move[j, s] = log(figure[j, s]) - mean over sessions

A part of a cost follows joules (`energy_j`, joules at an hour's intensity) or seconds (a second's price, embodied
grams, and of money what is paid for hours). Tokens, requests and declared costs are the same in every session. A system
without a figure in some session moves there as the others do on average, and one without figures in two sessions as the
one that varies most. The variance of a column is that of `wattbench_reports.comparison.another_run.joule_sessions`.

Valid where sessions are exchangeable, as `wattbench_reports.stats.session_variance` has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.decision.model import WhichRun
from wattbench_reports.metrics.carbon.sci import SECONDS, WEIGHED
from wattbench_reports.metrics.costs import LATENCY_S, MONEY, Costs
from wattbench_reports.metrics.money.model import MACHINE
from wattbench_reports.tables.session_record import SessionRecord

Floats = NDArray[np.float64]

OF_JOULES, OF_SECONDS = ("energy_j", WEIGHED), (SECONDS, LATENCY_S)
"""Kinds of sums that move as joules and as seconds do."""
P95 = "latency_p95"
"""How a session moved a latency's 95th percentile; that of older records, which do not have it, is that of seconds."""


@dataclass(frozen=True)
class SessionMoves:
    """How much each of several sessions moved the parts of a cost."""

    number: int
    """How many sessions, 2 or more."""
    df: float
    """Degrees of freedom of the variance between them."""
    moves: Mapping[str, Floats]
    """Kind of sums to the moves, shape (sessions, systems), in the logarithm: they sum to 0 over sessions."""

    def of(self, costs: Costs, means: Mapping[str, Floats]) -> Floats | None:
        """Return what each session adds to a cost per request, shape (sessions, systems); None where it is not known.

        Args:
            costs: in one unit.
            means: kind of sums to its mean per request, shape (systems,).
        """
        total: Floats | None = None
        for kind, coefficient in costs.parts.items():
            if kind in self.moves:
                part = np.where(coefficient == 0, 0.0, coefficient * means[kind]) * self.moves[kind]
                total = part if total is None else total + part
        return total


def session_moves(measured: Measured, paid: Paid) -> SessionMoves | None:
    """Return the moves of the sessions of an analysis; None without a record of sessions: another run is not known."""
    record, systems = measured.sessions, measured.basis.systems
    return None if record is None else moves_in(record, systems, machine_share(measured, paid))


def moves_in(record: SessionRecord, systems: Sequence[str], hours: Floats) -> SessionMoves | None:
    """Return the moves in a record of sessions; None where no figure has two sessions.

    Args:
        record: of the sessions.
        systems: the names of the systems.
        hours: shape (systems,): the share of their money, without electricity, that is paid for hours.
    """
    moves: dict[str, Floats] = {}
    freedom: list[float] = []
    for by_system, kinds in ((record.figures["energy_j"], OF_JOULES), (record.figures["seconds"], OF_SECONDS)):
        moved = log_moves(by_system, systems)
        if moved is not None:
            moves |= dict.fromkeys(kinds, moved[0])
            freedom.append(moved[1])
    tail = log_moves(record.figures.get(P95, {}), systems)
    if tail is not None:
        moves[P95] = tail[0]
        freedom.append(tail[1])
    elif LATENCY_S in moves:
        moves[P95] = moves[LATENCY_S]
    if LATENCY_S in moves and (hours > 0).any():
        moves[MONEY] = hours * moves[LATENCY_S]
    return SessionMoves(record.sessions, min(freedom), moves) if freedom else None


def log_moves(by_system: Mapping[str, Sequence[float | None]], systems: Sequence[str]) -> tuple[Floats, float] | None:
    """Return how each session moved the logarithm of a figure, shape (sessions, systems), and the degrees of freedom.

    Args:
        by_system: the figure of systems in each session; None or 0: it has none.
        systems: for which it is asked.

    Returns:
        None where no system has the figure in two sessions.
    """
    logs = {name: _logs(values) for name, values in by_system.items()}
    logs = {name: each for name, each in logs.items() if np.isfinite(each).sum() > 1}
    if not logs:
        return None
    centred = {name: each - np.nanmean(each) for name, each in logs.items()}
    common = _mean_of_known(np.array([*centred.values()]))
    moves = {name: _as_variable(each, common) for name, each in centred.items()}
    most = max(moves, key=lambda name: float((moves[name] ** 2).sum()))
    names = [name if name in moves else most for name in systems]
    return np.column_stack([moves[name] for name in names]), float(
        min(int(np.isfinite(logs[name]).sum()) for name in names) - 1
    )


def _logs(values: Sequence[float | None]) -> Floats:
    figures = np.array([np.nan if value is None or value <= 0 else value for value in values], dtype=np.float64)
    return np.asarray(np.log(figures))


def _mean_of_known(centred: Floats) -> Floats:
    """Return the mean move of each session, shape (sessions,), from those of shape (systems, sessions)."""
    known = np.isfinite(centred)
    return np.asarray(np.where(known, centred, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _as_variable(centred: Floats, common: Floats) -> Floats:
    """Fill in the mean move for sessions without a figure, and keep the variance of the sessions with one."""
    known = np.isfinite(centred)
    if known.all():
        return centred
    filled = np.where(known, centred, common)
    filled = filled - filled.mean()
    size, wanted = float((filled**2).sum()), float(centred[known].var(ddof=1)) * (len(filled) - 1)
    return np.asarray(filled * (wanted / size) ** 0.5) if size > 0 else filled


def machine_share(measured: Measured, paid: Paid) -> Floats:
    """Return the share of each system's money, without electricity, that is paid for hours: shape (systems,)."""
    charged = paid.charged
    if charged is None or MACHINE not in charged.parts:
        return np.zeros(len(measured.basis.systems))
    money, hours = charged.money.sum(axis=0), charged.parts[MACHINE].sum(axis=0)
    return np.asarray(np.divide(hours, money, out=np.zeros_like(hours), where=money > 0))


def machines_of(costs: Costs, hours: Floats, sessions: SessionMoves | None) -> list[WhichRun]:
    """Return the run whose machine each system's cost depends on; none where no cost is of time or energy.

    Args:
        costs: in one unit.
        hours: `machine_share`.
        sessions: what earlier sessions say; None: there is one.
    """
    follows, known = np.zeros(len(hours), dtype=np.bool_), np.ones(len(hours), dtype=np.bool_)
    for kind, coefficient in costs.parts.items():
        moving = (coefficient > 0) & (hours > 0 if kind == MONEY else kind in (*OF_JOULES, *OF_SECONDS))
        follows |= moving
        known &= ~moving | (sessions is not None and kind in sessions.moves)
    return [
        WhichRun.NONE if not some else WhichRun.ANOTHER_RUN if sure else WhichRun.THIS_RUN
        for some, sure in zip(follows.tolist(), known.tolist(), strict=True)
    ]
