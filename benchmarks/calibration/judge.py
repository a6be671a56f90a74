"""Analyse one simulated run as `wattbench runs compare` does, and compare the analysis with the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.made_up.noisy_machine import NOISES
from tests.made_up.noisy_runs import ALIKE, EVEN_WATTS, NAMES, Run, answers_to, run, suite_order, true_j_per_correct
from wattbench_reports.comparison.another_run import joule_ratios, joule_sessions, of_another_run
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.comparison.ties import ALPHA, energy_leaders, tied_with
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.stats import Interval
from wattbench_reports.tables.session_record import SessionRecord

SESSIONS = 5
"""Earlier sessions of the same suite, by which another run is judged."""


@dataclass(frozen=True)
class Verdict:
    """What the analysis of one run has right and wrong. Shares are 0 to 1."""

    called_different: float
    """Of the pairs of systems that are alike in all respects."""
    other_items: float
    """Of the intervals of *other items*, those that hold the truth of this session."""
    another_run: float
    """Of the intervals of *another run*, those that hold the truth over all sessions."""
    leader_lost: float
    """1 where the set of leaders lacks some system: all eight need the same joules for a correct answer."""
    log_width: float
    """Of *other items*: the log of the upper over the lower bound, mean over systems; infinite if one is open."""
    another_log_width: float
    """The same of *another run*."""
    pair_p: float
    """The smallest p-value of the pairs that are alike."""
    leader_p: float
    """The smallest p-value in the set of leaders."""


def verdict(noise: str, items: int, blocks: int, number: int) -> Verdict:
    """Simulate the run of a seed with earlier sessions of its suite, and judge its analysis.

    The number is the seed: the same one gives the same run.
    """
    rng = np.random.default_rng([list(NOISES).index(noise), items, blocks, number])
    answers, suite = answers_to(rng, items), suite_order(rng)
    each, *earlier = [
        run(rng, NOISES[noise], answers, blocks=blocks, suite=suite, watts=EVEN_WATTS) for _ in range(1 + SESSIONS)
    ]
    truth = dict(zip(NAMES, true_j_per_correct(NOISES[noise], each.length_s, EVEN_WATTS), strict=True))
    base = basis(each.table)
    of_items = intervals(base, {"energy_j": 1.0}, None, per_correct=True)
    ratios, sessions = joule_ratios(base, None), sessions_of(earlier)
    of_runs = [
        of_another_run(ratios.get(name), interval, joule_sessions(sessions, name))
        for name, interval in zip(NAMES, of_items, strict=True)
    ]
    ordered = sorted(NAMES, key=lambda name: ratios[name].estimate)
    pairs = EqualPairs(each.table)
    rivals = energy_leaders(pairs, ordered)
    p_values = [_p(pairs.joules(NAMES[first], [NAMES[second]])[0].p_value) for first, second in ALIKE]
    return Verdict(
        called_different=float(np.mean([p <= ALPHA for p in p_values])),
        other_items=held(of_items, [truth[name] * each.session for name in NAMES]),
        another_run=held(of_runs, list(truth.values())),
        leader_lost=float(len(tied_with(ordered[0], rivals)) < len(NAMES)),
        log_width=_log_width(of_items),
        another_log_width=_log_width(of_runs),
        pair_p=min(p_values),
        leader_p=min(_p(rival.p_value) for rival in rivals),
    )


def _p(value: float | None) -> float:
    """Return a p-value; 1 where two systems could not be compared, which shows nothing."""
    return 1.0 if value is None else value


def _log_width(found: Sequence[Interval | None]) -> float:
    return float(np.mean([math.inf if it is None else math.log(it.high / it.low) for it in found]))


def held(found: Sequence[Interval | None], truth: Sequence[float]) -> float:
    """Return the share of intervals that hold the truth; one that is not available does not."""
    return float(np.mean([it is not None and it.low <= true <= it.high for it, true in zip(found, truth, strict=True)]))


def sessions_of(earlier: Sequence[Run]) -> SessionRecord:
    """Return the sessions that `wattbench dev calibrate SUITE --sessions K` would have recorded of these runs."""
    joules = np.array([each.item_joules.mean(axis=0) for each in earlier])
    by_system = {name: tuple(column.tolist()) for name, column in zip(NAMES, joules.T, strict=True)}
    runs = tuple(str(number) for number in range(len(earlier)))
    return SessionRecord("simulated", "", {}, "", runs, {"energy_j": by_system, "seconds": {}})
