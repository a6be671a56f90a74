"""Every system of the catalogue as a benchmark: seconds, joules and answers of the same documents, round by round.

    pytest benchmarks/bench_systems.py --benchmark-json=out.json -k "moe or rules"

A round asks a system for the first documents of each task of the quick suite, once, one after the other; it is one
window of this machine's meters. A system is loaded once, and freed when its rounds are done; the base that several
share stays until the last of them. Answers are scored by lm-eval, outside of what is timed. A round that is shorter
than the meters need has no joules, and `extra_info` says so: that of rules takes milliseconds.

`WATTBENCH_BENCH_SYSTEMS=a,b` names systems, `WATTBENCH_BENCH_DOCUMENTS` says how many of each task, up to 8,
`WATTBENCH_BENCH_ROUNDS` how often: three tell how long it takes, and a gate of two files wants sixty. By default all
eighteen systems take some five minutes on two cores that do nothing else, well over one of them for
`distilled-reasoning`, which writes its reasoning out: an estimate, from rounds that were timed on a shared machine.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from wattbench.api.session import measuring_alone
from wattbench.clock import now_s
from wattbench.config import Prompt, Resolved, System, load_suite
from wattbench.errors import MissingHereError
from wattbench.machine.environment import environment
from wattbench.measure.ask_items import ItemRequests, answer_items, answer_row, items_of
from wattbench.measure.item_rows import attribute
from wattbench.measure.plan import order
from wattbench.measure.scorer import Scorer
from wattbench.meters import Metering, OpenWindow, choose
from wattbench.records import AnswerRow, Purpose, ScoreRow, WindowLabel, WindowRow
from wattbench.systems import Engine, TaskContext, open_engine, release_base
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench.tasks.requests import requests_by_document
from wattbench_reports.metrics.domain_sums import basis
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.stats import accuracy_interval
from wattbench_reports.tables.item_matrix import ItemTable
from wattbench_reports.tables.labels import Labels

ROUNDS = int(os.environ.get("WATTBENCH_BENCH_ROUNDS", "3"))
WARM_UP = 1
DOCUMENTS = int(os.environ.get("WATTBENCH_BENCH_DOCUMENTS", "2"))
"""Of each task: with two the quickest model's round lasts a second on 2 cores, which is what meters take."""


def _suite() -> Resolved:
    """Return the quick suite's tasks with every system of the catalogue."""
    chosen = tuple(name for name in os.environ.get("WATTBENCH_BENCH_SYSTEMS", "").split(",") if name)
    everyone = load_suite("nightly").narrowed(systems=chosen).systems
    return replace(load_suite("quick").narrowed(limit=DOCUMENTS), systems=everyone)


SUITE = _suite()


@pytest.fixture(scope="module")
def metering() -> Iterator[Metering]:
    """Open this machine's meters; no other process measures meanwhile."""
    with measuring_alone(), Metering(choose().meters) as metering:
        yield metering
    release_base()


@pytest.fixture
def engine(name: str) -> Iterator[Engine]:
    """Load the system."""
    measure = SUITE.suite.measure
    try:
        opened = open_engine(name, SUITE.systems[name], batch=measure.batch, seed=measure.seed)
    except MissingHereError as error:
        pytest.skip(str(error))
    with opened:
        yield opened


@pytest.mark.benchmark(group="systems: the quick suite's first documents")
@pytest.mark.parametrize("name", order(SUITE.systems))
def test_system(benchmark: Any, metering: Metering, engine: Engine, name: str) -> None:
    """Time `ROUNDS` rounds of the same documents."""
    asking = Asking(name, engine, SUITE.systems[name])
    rounds: list[Round] = []

    def begin() -> None:
        rounds.append(Round(metering.open(_label(name, len(rounds)))))

    def ask() -> None:
        rounds[-1].answers.extend(asking.answers(rounds[-1].window.label.window))

    def end() -> None:
        rounds[-1].row = rounds[-1].window.close()

    benchmark.pedantic(ask, setup=begin, teardown=end, rounds=ROUNDS, warmup_rounds=WARM_UP)
    told = summary(asking, rounds[WARM_UP:])
    benchmark.extra_info.update(told)
    joules = told.get("energy_j_per_request")
    energy = f"{joules:.3g} J per request" if joules is not None else told["energy_missing"]
    print(f"\n{name}: {told['accuracy']:.0%} of {len(told['scores'])} documents, {energy}")


@dataclass
class Round:
    """One window, and its answers."""

    window: OpenWindow
    answers: list[tuple[str, AnswerRow]] = field(default_factory=list)
    """Each with its task, in the order of the documents."""
    row: WindowRow | None = None
    """The window, judged, once it has ended."""


@dataclass(frozen=True)
class Questions:
    """A task's documents as one system is asked them."""

    loaded: LoadedTask
    context: TaskContext
    asks: Sequence[ItemRequests]


class Asking:
    """The same documents for one system, asked any number of times."""

    def __init__(self, name: str, engine: Engine, config: System) -> None:
        self.engine, self.config = engine, config
        self.questions = [self._questions(task) for task in (load_task(SUITE, choice) for choice in SUITE.tasks)]
        self._scored: dict[tuple[Any, ...], list[ScoreRow]] = {}

    def answers(self, window: str) -> list[tuple[str, AnswerRow]]:
        """Ask for every document once."""
        found = []
        for number, own in enumerate(self.questions):
            self.engine.begin_task(own.context)  # its members' questions are made already
            for ask in own.asks:
                started_s = now_s()
                [replies] = answer_items(self.engine, [ask])
                row = answer_row(ask, replies, 0, started_s, now_s(), number, 1, window)
                found.append((own.context.task, row))
        return found

    def scores(self, answers: Sequence[tuple[str, AnswerRow]]) -> list[ScoreRow]:
        """Return lm-eval's scores of a round; equal answers are scored once."""
        key = tuple((task, row.doc_id, *row.replies) for task, row in answers)
        if key not in self._scored:
            self._scored[key] = [score for own in self.questions for score in self._scores_of(own, answers)]
        return self._scored[key]

    def _scores_of(self, own: Questions, answers: Sequence[tuple[str, AnswerRow]]) -> list[ScoreRow]:
        rows = [row for task, row in answers if task == own.context.task]
        return Scorer(SUITE, own.loaded.choice).score(rows)

    def _questions(self, loaded: LoadedTask) -> Questions:
        @functools.cache
        def in_form(form: str, lm: Any) -> Mapping[int, Sequence[Any]]:
            prompt = Prompt.model_validate_json(form)
            return requests_by_document(SUITE, loaded.choice, prompt, SUITE.suite.measure, lm)

        choice = loaded.choice
        context = TaskContext(choice.task, choice.domain, lambda prompt, lm: in_form(prompt.model_dump_json(), lm))
        self.engine.begin_task(context)
        found = context.requests(self.config.prompt, self.engine.lm)
        return Questions(loaded, context, [a for own in found.values() for a in items_of(own[0].request_type, own)])


def summary(asking: Asking, rounds: Sequence[Round]) -> dict[str, Any]:
    """Return a system's `extra_info`: the report's statistics over all rounds."""
    scores = [asking.scores(each.answers) for each in rounds]
    correct = np.array([[score.correct for score in own] for own in scores])
    windows = [each.row for each in rounds if each.row is not None]
    tasks = np.array([task for task, _ in rounds[0].answers])
    accuracy = accuracy_interval(correct.sum(axis=0), np.full(correct.shape[1], float(len(rounds))))
    assert accuracy is not None
    here = environment(SUITE.path.parent)
    lines = [f"{task} {score.doc_id} {score.doc_hash}" for task, score in zip(tasks, scores[0], strict=True)]
    return {
        "kind": asking.config.kind,
        "accuracy": accuracy.estimate,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "scores": correct.mean(axis=0).tolist(),
        "documents": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        "weights_sha256": asking.engine.facts().weights_sha256,
        "commit": here["commit"],
        "commit_dirty": here["commit_dirty"],
        **_energy(rounds, windows, correct, tasks),
    }


def _energy(
    rounds: Sequence[Round], windows: Sequence[WindowRow], correct: np.ndarray[Any, Any], tasks: np.ndarray[Any, Any]
) -> dict[str, Any]:
    by_name = {row.window: row for row in windows}
    shares = [[total for total, _ in attribute([row for _, row in each.answers], by_name)] for each in rounds]
    joules = np.array(shares, dtype=np.float64)  # NaN where a window cannot be believed
    known = np.isfinite(joules)
    if not known.any():
        reasons = Counter(reason for row in windows for reason in row.reasons)
        return {"energy_missing": reasons.most_common(1)[0][0]}
    domain_of = {choice.task: choice.domain for choice in SUITE.tasks}
    table = ItemTable(
        systems=("it",),
        domains=Labels.of(domain_of[task] for task in tasks),
        tasks=Labels.of(tasks),
        trials=np.full((len(tasks), 1), float(len(rounds))),
        correct=correct.sum(axis=0)[:, None],
        metered=known.sum(axis=0, dtype=np.float64)[:, None],
        metered_correct=np.where(known, correct, 0.0).sum(axis=0)[:, None],
        energy_j=np.nansum(joules, axis=0)[:, None],
    )
    sums = basis(table)
    [per_request] = intervals(sums, {"energy_j": 1.0}, None, per_correct=False)
    [per_correct] = intervals(sums, {"energy_j": 1.0}, None, per_correct=True)
    assert per_request is not None
    return {
        "energy_j_per_request": per_request.estimate,
        "j_per_correct": None if per_correct is None else per_correct.estimate,
        "j_per_correct_low": None if per_correct is None else per_correct.low,
        "j_per_correct_high": None if per_correct is None or not np.isfinite(per_correct.high) else per_correct.high,
        "energy_provenance": {c: how for row in windows if row.valid for c, how in row.provenance.items()},
        "round_energy_j": [row.total_j if row.valid else None for row in windows],
    }


def _label(name: str, number: int) -> WindowLabel:
    return WindowLabel(window=f"round-{number}", run="bench", system=name, task=None, purpose=Purpose.MEASURED)
