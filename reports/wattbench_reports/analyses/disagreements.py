"""List the items that only one of two systems answers correctly (flips), with a few examples to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.records.prompts import prompt_as_text
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paired_tests import mean_scores
from wattbench_reports.formatting.safe_text import Excerpt, first_of, last_of
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.stats.paired import coin_p
from wattbench_reports.tables.answer_texts import text_of, texts_at
from wattbench_reports.tables.item_matrix import KEY_CHARACTERS, RIGHT, ItemTable, spread

EXAMPLES = 6
"""The most examples shown per direction."""

_TEXTS = ("prompt", "output", "filtered", "target")


@dataclass(frozen=True)
class Pair:
    """Two systems that a reader will want to compare."""

    first: str
    second: str
    why: str
    """In a sentence."""


@dataclass(frozen=True)
class Fourfold:
    """Counts of right and wrong answers of two systems to the items of one task that both answered."""

    task: str | None
    """None: all tasks."""
    both: int
    first_only: int
    second_only: int
    neither: int
    p: float | None
    """How often two equally good systems would split the flipped items at least as unevenly, two-sided; None where
    nothing flipped. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages" (1947), with the exact binomial in place of its chi-square."""

    @property
    def items(self) -> int:
        """Return the number of items that both systems answered."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def flipped(self) -> int:
        """Return the number of items that exactly one of the two systems answers correctly."""
        return self.first_only + self.second_only


@dataclass(frozen=True)
class Answer:
    """The answer of a system to an item; of repeated answers, one that is right if and only if the item is right."""

    system: str
    right: bool
    """Whether the item counts as right."""
    times_right: int
    """How many of its answers to the item are right."""
    repeats: int
    filtered: Excerpt | None
    """What the task compared with the target; None where the record does not hold it. So `output`."""
    output: Excerpt | None
    energy_j: float | None
    provenance: str
    latency_s: float | None
    output_tokens: int | None


@dataclass(frozen=True)
class Flip:
    """An item that exactly one of two systems answers correctly."""

    task: str
    doc_id: int
    prompts: tuple[Excerpt, ...]
    """One where both systems were given the same; two, in their order, where not; none where the record holds none."""
    target: Excerpt | None
    answers: tuple[Answer, Answer]


@dataclass(frozen=True)
class Flips:
    """The items that only one system of a pair answers correctly."""

    pair: Pair
    total: Fourfold
    tasks: tuple[Fourfold, ...]
    """In the order of the suite."""
    first_only: tuple[Flip, ...]
    """Some of the items that the first alone answers correctly."""
    second_only: tuple[Flip, ...]


def flips(measured: Measured, pairs: Sequence[Pair]) -> tuple[Flips, ...]:
    """Find the items that only one system of each pair answers correctly. Pairs without a common item are left out.

    Which items are shown does not depend on what was answered: all items are put in one fixed random order, the
    same for all pairs, and of each task in turn the first that flipped is taken.

    Args:
        measured: of the run.
        pairs: systems of the run.
    """
    table = measured.table
    order = np.random.default_rng(SEED).permutation(len(table.tasks))
    suite = [str(name) for name in measured.frames.items["task"].cat.categories]
    tasks = table.tasks.numbers(suite)
    right = mean_scores(table) >= RIGHT
    compared = [(pair, _Sides.of(table, right, pair)) for pair in pairs]
    compared = [(pair, sides) for pair, sides in compared if sides.answered.any()]
    chosen = [
        tuple(spread(flipped, tasks, len(suite), order, EXAMPLES) for flipped in (sides.gained, sides.lost))
        for _, sides in compared
    ]
    answers = _answers(
        measured, [(pair, np.concatenate(rows)) for (pair, _), rows in zip(compared, chosen, strict=True)]
    )
    return tuple(
        Flips(
            pair,
            *sides.fourfolds(suite, tasks),
            *(tuple(_flip(answers, pair, int(row)) for row in chosen_rows) for chosen_rows in rows),
        )
        for (pair, sides), rows in zip(compared, chosen, strict=True)
    )


@dataclass(frozen=True)
class _Sides:
    """Masks of the items that both systems answered, and that each answered correctly: arrays of shape (items,)."""

    answered: NDArray[np.bool_]
    first_right: NDArray[np.bool_]
    second_right: NDArray[np.bool_]

    @classmethod
    def of(cls, table: ItemTable, right: NDArray[np.bool_], pair: Pair) -> _Sides:
        """Select the columns of a pair. `right` has shape (items, systems)."""
        first, second = (table.column(name) for name in (pair.first, pair.second))
        answered = (table.trials[:, first] > 0) & (table.trials[:, second] > 0)
        return cls(answered, right[:, first], right[:, second])

    @property
    def gained(self) -> NDArray[np.bool_]:
        """Return a mask of the items that only the first system answers correctly."""
        return self.answered & self.first_right & ~self.second_right

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Return a mask of the items that only the second system answers correctly."""
        return self.answered & ~self.first_right & self.second_right

    def fourfolds(self, suite: Sequence[str], tasks: NDArray[np.int64]) -> tuple[Fourfold, tuple[Fourfold, ...]]:
        """Count right and wrong answers over all items, and in each task with items that both systems answered.

        Args:
            suite: the tasks.
            tasks: shape (items,), the index of each item's task in `suite`.
        """
        case = 4 * tasks + 2 * ~self.first_right + ~self.second_right
        counts = np.bincount(case[self.answered], minlength=4 * len(suite)).reshape(-1, 4)
        each = tuple(
            _fourfold(task, counts_of_task)
            for task, counts_of_task in zip(suite, counts, strict=True)
            if counts_of_task.any()
        )
        return _fourfold(None, counts.sum(axis=0)), each


def _fourfold(task: str | None, counts: NDArray[np.int64]) -> Fourfold:
    both, gained, lost, neither = (int(count) for count in counts)
    return Fourfold(task, both, gained, lost, neither, coin_p(gained, gained + lost) if gained + lost else None)


_Answers = Mapping[tuple[int, str], Mapping[str, Any]]
"""(Item's row, system) to the columns of its answer."""


def _answers(measured: Measured, wanted: Sequence[tuple[Pair, NDArray[np.int64]]]) -> _Answers:
    """Read the answers of each pair to the chosen items, with their texts."""
    items = measured.frames.items
    rows = np.unique(np.concatenate([pair_rows for _, pair_rows in wanted])) if wanted else np.empty(0, dtype=np.int64)
    pairs = {(int(row), name) for pair, pair_rows in wanted for row in pair_rows for name in (pair.first, pair.second)}
    row_of = measured.frames.row_of_answer
    near = np.flatnonzero(np.isin(row_of, rows))
    answers = items.iloc[near].assign(row=row_of[near], place=near)
    answers["system"] = answers["system"].astype(str)
    keys = zip(answers["row"], answers["system"], strict=True)
    answers = answers[np.asarray([key in pairs for key in keys], dtype=np.bool_)]
    by_item = answers.groupby(["row", "system"], sort=False)
    answers["repeats"] = by_item["correct"].transform("size")
    answers["times_right"] = (answers["correct"] >= RIGHT).groupby([answers["row"], answers["system"]]).transform("sum")
    answers["counts"] = by_item["correct"].transform("mean") >= RIGHT
    # The first answer that is as right as the item counts; where scores lie between, the first.
    answers["agrees"] = (answers["correct"] >= RIGHT) == answers["counts"]
    answers = answers.sort_values(["agrees", "repeat"], ascending=[False, True], kind="stable")
    answers = answers.drop_duplicates(["row", "system"])
    texts = texts_at(measured.frames, answers["place"].to_numpy(dtype=np.int64), _TEXTS)
    answers = answers.join(texts, on="place")
    shown = [{str(name): value for name, value in each.items()} for each in answers.to_dict("records")]
    return {(int(row["row"]), str(row["system"])): row for row in shown}


def _flip(answers: _Answers, pair: Pair, row: int) -> Flip:
    """Build the flip of one item."""
    first, second = (answers[row, name] for name in (pair.first, pair.second))
    prompts = list(dict.fromkeys(text for each in (first, second) if (text := text_of(each, "prompt")) is not None))
    target = text_of(first, "target")
    return Flip(
        task=str(first["task"]),
        doc_id=int(first["doc_id"]),
        prompts=tuple(last_of(prompt_as_text(prompt)) for prompt in prompts),
        target=None if target is None else first_of(target, KEY_CHARACTERS),
        answers=(_answer(pair.first, first), _answer(pair.second, second)),
    )


def _answer(system: str, row: Mapping[str, Any]) -> Answer:
    filtered, output = text_of(row, "filtered"), text_of(row, "output")
    energy_j, tokens = float(row["energy_j"]), float(row["output_tokens"])
    latency_s = float(row["finished_s"]) - float(row["started_s"])
    return Answer(
        system=system,
        right=bool(row["counts"]),
        times_right=int(row["times_right"]),
        repeats=int(row["repeats"]),
        filtered=None if filtered is None else first_of(filtered),
        output=None if output is None else first_of(output),
        energy_j=energy_j if np.isfinite(energy_j) else None,
        provenance=str(row["energy_provenance"]) if np.isfinite(energy_j) else "",
        latency_s=latency_s if np.isfinite(latency_s) else None,
        output_tokens=int(tokens) if np.isfinite(tokens) else None,
    )


def chosen_pairs(measured: Measured) -> tuple[Pair, ...]:
    """Choose the pairs worth comparing, most important first, each once, without yardsticks.

    The two most accurate; the one with the fewest joules per correct answer and the most accurate; each hybrid and the
    best single system; each student and its teacher; each specialist and the most accurate generalist.
    """
    chosen: dict[frozenset[str], Pair] = {}
    for pair in _candidates(measured):
        if pair.first != pair.second:
            chosen.setdefault(frozenset((pair.first, pair.second)), pair)
    return tuple(chosen.values())


def _candidates(measured: Measured) -> Iterator[Pair]:
    figures = {
        name: each
        for name, each in measured.systems.items()
        if name not in measured.yardsticks and each.accuracy is not None
    }
    ordered = sorted(figures, key=lambda name: -_accuracy(measured, name))
    if len(ordered) < 2:
        return
    best, kinds = ordered[0], measured.kinds
    yield Pair(best, ordered[1], "The two most accurate systems.")
    joules = {
        name: each.j_per_correct.estimate
        for name, each in figures.items()
        if each.j_per_correct is not None and measured.joules_comparable(name, best)
    }
    if joules:
        thrifty = min(joules, key=lambda name: joules[name])
        yield Pair(thrifty, best, "The fewest joules per correct answer, and the most accurate.")
    single = next((name for name in ordered if kinds[name] != "hybrid"), None)
    for name in figures:
        if kinds[name] == "hybrid" and single is not None:
            yield Pair(name, single, "A hybrid, and the most accurate single system.")
    rows = measured.frames.run.systems()
    for name in figures:
        teacher = rows[name].teacher if name in rows else None
        if teacher in figures:
            yield Pair(name, teacher, "A student, and its teacher.")
    generalist = next((name for name in ordered if kinds[name] == "generalist"), None)
    for name in figures:
        if kinds[name] == "specialist" and generalist is not None:
            yield Pair(name, generalist, "A specialist, and the most accurate generalist.")


def _accuracy(measured: Measured, name: str) -> float:
    accuracy = measured.systems[name].accuracy
    assert accuracy is not None  # the caller has left out who has none
    return accuracy.estimate
