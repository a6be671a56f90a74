"""Figures of pairs: what makes one, what cancels in it, and units of joules per correct answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from wattbench_reports.gate.decision.metric_figures import accuracy_of, figures_of, timed_items, whole_pairs
from wattbench_reports.gate.decision.metric_tests import cases
from wattbench_reports.gate.decision.sequential_tests import RatioTrial, ScoreTrial
from wattbench_reports.gate.decision.stopping import State, looks
from wattbench_reports.gate.evidence.model import Evidence, Round, SuiteTask

RULES = gate_policy(metrics={"joules_per_correct": {"margin": 0.1}})


def a_round(pair: int | None, ratio: float, items: int = 2, joules: tuple[float, float] | None = None) -> Round:
    seconds = np.tile([1.0, ratio], (items, 1))
    return Round(np.ones((items, 2)), seconds, None, joules, pair=pair)


def evidence(*rounds: Round) -> Evidence:
    return Evidence("a", "b", rounds, True, ("counter", "counter"))


def test_a_pair_is_of_two_rounds_next_to_each_other() -> None:
    rounds = [a_round(pair, 1.0) for pair in (0, 0, 1, 2, 2, None, 3)]  # a crash in pair 1; pair 3 has begun
    assert whole_pairs(rounds) == [(0, 1), (3, 4), (5,)]
    assert timed_items(evidence(*rounds)) == 10


def test_what_the_order_does_cancels_within_a_pair() -> None:
    seen = evidence(a_round(0, 1.3), a_round(0, 1 / 1.3), a_round(1, 1.1 / 1.3), a_round(1, 1.1 * 1.3))
    figures = figures_of(seen, "latency_p50")
    assert figures is not None
    assert isinstance(figures.trial, RatioTrial)
    assert figures.trial.d == pytest.approx([0.0, np.log(1.1)])
    assert figures.trial.figures.tolist() == [0, 1, 1, 2]
    assert figures.trial.items.tolist() == [0, 4, 4, 8]


def test_a_pair_with_a_round_without_joules_has_no_figure_of_them() -> None:
    seen = evidence(a_round(0, 1.0, joules=(1.0, 2.0)), a_round(0, 1.0), *[a_round(1, 1.0, joules=(1.0, 1.1))] * 2)
    figures = figures_of(seen, "joules_per_request")
    assert figures is not None
    assert isinstance(figures.trial, RatioTrial)
    assert figures.trial.d == pytest.approx([np.log(1.1)])


SUITE = {"sums": SuiteTask(30, "maths"), "primes": SuiteTask(10, "maths"), "laws": SuiteTask(60, "law")}


def of_tasks(*tasks: str, unscored: int | None = None) -> Round:
    correct = np.ones((len(tasks), 2))
    if unscored is not None:
        correct[unscored, 1] = np.nan
    domains = tuple(SUITE[task].domain if task in SUITE else task for task in tasks)
    return Round(correct, np.ones((len(tasks), 2)), tasks=tasks, domains=domains)


def strata(seen: Evidence, domain: str | None = None) -> tuple[list[int], list[float]] | None:
    figures = accuracy_of(seen, domain)
    assert figures is not None
    assert isinstance(figures.trial, ScoreTrial)
    tasks = figures.trial.tasks
    return None if tasks is None else (tasks.of_figure.tolist(), tasks.shares.tolist())


def test_each_scored_item_is_of_a_task_with_its_share_of_the_suite() -> None:
    rounds = [of_tasks("laws", "sums", unscored=0), of_tasks("primes", "sums", "laws")]
    seen = replace(evidence(*rounds), suite_tasks=SUITE)
    assert strata(seen) == ([0, 1, 0, 2], [0.3, 0.1, 0.6])
    assert strata(seen, "maths") == ([0, 1, 0], [0.75, 0.25])


@pytest.mark.parametrize(
    "case", ["a suite that is not known", "a task of no suite", "items of unknown tasks", "one task"]
)
def test_without_the_suites_tasks_items_are_taken_as_alike(case: str) -> None:
    known = replace(evidence(of_tasks("laws", "sums")), suite_tasks=SUITE)
    unlike = {
        "a suite that is not known": replace(known, suite_tasks={}),
        "a task of no suite": replace(known, rounds=(of_tasks("laws", "spells"),)),
        "items of unknown tasks": replace(known, rounds=(*known.rounds, a_round(None, 1.0))),
        "one task": replace(evidence(of_tasks("laws")), suite_tasks={"laws": SUITE["laws"]}),
    }
    assert strata(unlike[case]) is None
    assert strata(known, "law") is None


def test_the_size_of_a_unit_is_chosen_before_its_items() -> None:
    """What is answered in a unit changes nothing about where it ends."""

    def ends(last: float) -> list[int]:
        rng, rounds = np.random.default_rng(1), []
        for pair in range(20):
            for _ in range(2):
                correct = (rng.random((8, 2)) < 0.5).astype(float) if pair < 10 else np.full((8, 2), last)
                rounds.append(Round(correct, np.ones((8, 2)), None, (4.0, 4.0), pair=pair))
        figures = figures_of(evidence(*rounds), "joules_per_correct")
        assert figures is not None
        assert isinstance(figures.trial, RatioTrial)
        return figures.trial.figures.tolist()[:22]

    assert ends(0.0) == ends(1.0)


@pytest.mark.simulation
@pytest.mark.parametrize(("ours", "theirs"), [(0.6, 0.3), (0.3, 0.6), (0.6, 0.15)])
def test_joules_per_correct_answer_keep_their_error_rates_where_accuracies_differ(ours: float, theirs: float) -> None:
    gates = 100
    shares = {}
    for worse in (1.0, 1.1):
        rng = np.random.default_rng(4)
        states = []
        for _ in range(gates):
            correct = (rng.random((120, 8, 2)) < [ours, theirs]).astype(float)
            joules = 30 * np.exp(rng.normal(0, 0.03, (120, 2))) * [1.0, theirs / ours * worse]
            rounds = [
                Round(right, np.ones((8, 2)), None, tuple(spent), pair=number // 2)
                for number, (right, spent) in enumerate(zip(correct, joules.tolist(), strict=True))
            ]
            states.append(looks(cases(evidence(*rounds), RULES), RULES)[-1].states[0])
        shares[worse] = [sum(each is state for each in states) / gates for state in (State.WORSE, State.FINE)]
    assert shares[1.0][0] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / gates)
    assert shares[1.1][1] <= 0.10 + 3 * np.sqrt(0.1 * 0.9 / gates)
