"""The evidence of a gate: figures of two systems over the same items, round by round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.bounds import MetricEvidence

Pairs = NDArray[np.float64]
"""Shape (items, 2): the baseline's figure and the candidate's, item by item in the order in which they were asked."""


@dataclass(frozen=True)
class Round:
    """One round: items that both systems were asked under the same conditions."""

    correct: Pairs
    """Scores, 0 to 1. Of an item that was asked several times, the mean; NaN of a task that a judge scores."""
    seconds: Pairs
    """From when it was sent to when it was answered; NaN where it was not timed."""
    ttft_s: Pairs | None = None
    """Until the first token; None where one of the systems does not report it."""
    energy_j: tuple[float, float] | None = None
    """Joules of the round's items, of the baseline and of the candidate, each once; None where one of them was not
    read, or its window cannot be believed."""
    tasks: tuple[str, ...] = ()
    """Of each item, its task; empty where it is not known."""
    domains: tuple[str, ...] = ()
    """Of each item, the domain of its task, or the task's name where it has none; empty where it is not known."""
    pair: int | None = None
    """Rounds of the same pair, one with either system first, give one figure to the tests of seconds and joules. None:
    the round is a pair of its own."""
    load: int = 0
    """Which loading of the two systems answered, counted from 0."""
    further: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Further columns of the answers that metrics are ratios of, to the sum over the round's items, of the baseline and
    of the candidate; NaN where it is not known of all items."""
    money: tuple[float, float] | None = None
    """Money of the round's items, of the baseline and of the candidate, each once, in `Evidence.currency`; None where
    that of one of them is not known."""

    @property
    def items(self) -> int:
        """Return the number of items."""
        return len(self.correct)


@dataclass(frozen=True)
class MoneyOfMachine:
    """The shares of an answer's money that another session would change: for seconds, and for joules.

    What is paid for tokens and requests is the same in any session. Each part is the larger one of the two systems.
    """

    seconds: float = 0.0
    """Share of the money that is for the time of a machine, 0 to 1."""
    joules: float = 0.0
    """Share of the money that is for electricity."""


OF_NO_MACHINE = MoneyOfMachine()


@dataclass(frozen=True)
class SuiteTask:
    """A task of the suite that a gate asks in a random order."""

    items: int
    """All that could be asked, whether they were or not."""
    domain: str
    """Its own name where it has none."""
    scored: bool = True
    """Whether its answers have scores in rounds: those that a judge scores have none."""


@dataclass(frozen=True)
class Evidence:
    """All figures of two systems that a gate is decided from."""

    baseline: str
    candidate: str
    rounds: tuple[Round, ...]
    """In the order of time; empty where `measured` holds what is judged."""
    in_turns: bool
    """Both were asked in turns, in one run on one device, and in every round a coin said who was first. Else they are
    of two runs, and what changed on the machine between them is part of every difference in seconds and joules."""
    provenance: tuple[str, str] = ("", "")
    """Provenance of the joules of each; empty where they have no joules."""
    validity: str = ""
    """Which of the windows behind the joules are not valid or contended; empty where all are valid and quiet."""
    measured: Mapping[str, MetricEvidence] = field(default_factory=dict)
    """Name of a verdict (``latency_mean``, ``accuracy · law``) to its evidence. Of two systems in turns empty: it comes
    of the rounds, look by look."""
    priced: bool = False
    """Both systems have a price, or costs on record."""
    currency: str = ""
    """Of the money of the rounds; empty without any, or where it is not named."""
    money_of_machine: MoneyOfMachine = OF_NO_MACHINE
    peak_memory_bytes: tuple[int | None, int | None] = (None, None)
    apart: Mapping[str, str] = field(default_factory=dict)
    """Metric to why the two are not comparable on it, naming what differs."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Metric, or name of a verdict on accuracy in one domain, to why it was not measured."""
    lacking: tuple[str, ...] = ()
    """Of two imports: the metrics of which neither source has a figure."""
    suite_domains: tuple[str, ...] = ()
    """All domains of the suite's items, whether some of each were asked yet or not; empty: those of the rounds."""
    suite_tasks: Mapping[str, SuiteTask] = field(default_factory=dict)
    """By name, all of those whose items are in one random order; empty where it is not known how many there are."""
    items: int = 0
    """That both systems answered; 0: those of the rounds."""
    items_left: int = 0
    """Items of the suite that were not asked."""
    energy_j: float | None = None
    """Of both, everything that was counted in measured windows, repeats to fill them included."""
    notes: tuple[str, ...] = ()
    systems: tuple[str, str] = ("", "")
    """What the two are called in their records; empty where there are none."""

    @property
    def answered(self) -> int:
        """Return the number of items that both systems answered."""
        return self.items or sum(one.items for one in self.rounds)

    def scored_of(self, items: int, domain: str = "") -> int:
        """Return how many of some items, in a random order, have scores.

        Args:
            items: of the suite.
            domain: whose items are counted; empty: all.
        """
        tasks = self.suite_tasks.values()
        scored = sum(task.items for task in tasks if task.scored and domain in ("", task.domain))
        every = sum(task.items for task in tasks)
        return items * scored // every if every else items

    def until(self, rounds: int) -> Evidence:
        """Return the evidence of the first `rounds` rounds."""
        later = sum(one.items for one in self.rounds[rounds:])
        return replace(self, rounds=self.rounds[:rounds], items_left=self.items_left + later)

    @property
    def domains(self) -> tuple[str, ...]:
        """Return all domains: those of the suite first, then others in the order of the rounds."""
        seen = dict.fromkeys(domain for one in self.rounds for domain in one.domains)
        return tuple(dict.fromkeys((*self.suite_domains, *seen)))
