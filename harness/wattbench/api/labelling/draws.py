"""Draw the answers that a person labels next: at random, with chances that are known.

Evenly, answers are drawn item by item: the first items of the order of draws, of all systems. A person who ends at any
time leaves labels on the same items of all systems, and as many of each.

Where labels tell most, they are divided among the strata of systems and verdicts so that the corrected means vary
least: J. Neyman, "On the Two Different Aspects of the Representative Method" (1934), and for labels that correct a
model's T. Zrnic and E. J. Candes, "Active Statistical Inference" (2024). The spread in each stratum is estimated from
a first sample drawn evenly. Labels are given out one by one, each to the stratum where it lowers the variance most
(T. Wright, "The Equivalence of Neyman Optimum Allocation for Sampling and Equal Proportions for Apportioning the U.S.
House of Representatives" (2012)); within a stratum in the order of draws.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattbench.api.labelling.sheet import AnswerName, AnswerToLabel, LabelSheet
from wattbench.errors import UserError
from wattbench.records.label_order import verdict_stratum
from wattbench.records.rows.judgements import Drawn
from wattbench_reports.stats.label_correction import FEWEST_LABELS

LEAST_OF_STRATUM = 2
"""Labels that each stratum gets before any gets more: without one its mean is not known, with one not its spread."""

_UNKNOWN_VARIANCE = 0.25
"""Of a score that is 0 or 1 with equal chances. It counts as one label of each stratum, as few labels that agree do not
show that all others do."""


@dataclass(frozen=True)
class DrawnAnswer:
    """An answer that is put to a person, and how it was drawn."""

    answer: AnswerToLabel
    drawn: Drawn


def draw(sheet: LabelSheet, person: str, number: int | None = None, *, telling_most: bool = False) -> list[DrawnAnswer]:
    """Return the answers that a person labels next, in the order in which they are shown.

    First those that other people labelled, in the person's own random order, so that people's agreement is known; then
    new ones. Tasks follow each other, so that a rubric is read once.

    Args:
        sheet: of the run.
        person: who labels.
        number: how many at most; None: those that bring every system to the next 20 labels of each task.
        telling_most: draw new ones where labels tell most, and not evenly.

    Raises:
        UserError: a system has too few labels for that, drawn evenly.
    """
    labelled = sheet.labels_of(person)
    doubled = [
        DrawnAnswer(sheet.answers[name], drawn) for name, drawn in _drawn_before(sheet).items() if name not in labelled
    ]
    doubled.sort(key=lambda each: _shuffled(sheet.run, person, each.answer))
    if telling_most:
        further = FEWEST_LABELS * len(sheet.cells) if number is None else max(number - len(doubled), 0)
        chosen = [*doubled, *_telling_most(sheet, further)][:number]
    else:
        chosen = [*_first(sheet, person, [*doubled, *_evenly(sheet, person)], number)]
    tasks = list(sheet.judges)
    return sorted(chosen, key=lambda each: tasks.index(each.answer.task))


def _drawn_before(sheet: LabelSheet) -> dict[AnswerName, Drawn]:
    """Return how each answer with a label was drawn; a label without a score is one, too."""
    return {(row.system, row.task, row.key): row.drawn for row in sheet.labels}


def _first(sheet: LabelSheet, person: str, queue: Sequence[DrawnAnswer], number: int | None) -> Iterator[DrawnAnswer]:
    if number is not None:
        yield from queue[:number]
        return
    given = Counter((name[0], name[1]) for name, row in sheet.labels_of(person).items() if row.score is not None)
    fewest = min((given[pair] for pair, answers in sheet.cells.items() if given[pair] < len(answers)), default=0)
    wanted = (fewest // FEWEST_LABELS + 1) * FEWEST_LABELS
    for each in queue:
        pair = (each.answer.system, each.answer.task)
        if given[pair] < wanted:
            given[pair] += 1
            yield each


def _evenly(sheet: LabelSheet, person: str) -> list[DrawnAnswer]:
    """Return the answers without a label: an item after the other, its systems in random order."""
    before = _drawn_before(sheet)
    left = [each for each in sheet.answers.values() if each.name not in before]
    left.sort(key=lambda each: (each.position, _shuffled(sheet.run, person, each)))
    return [DrawnAnswer(each, "evenly") for each in left]


Stratum = tuple[str, str, int | None]
"""System, task and fifth of the scale."""


def _telling_most(sheet: LabelSheet, number: int) -> list[DrawnAnswer]:
    """Return answers without a label: as many as are wanted, from the strata where they tell most.

    Raises:
        UserError: a system has fewer than 20 labels of a task.
    """
    for (system, task), answers in sheet.cells.items():
        labels = sum(each.name in sheet.scores for each in answers)
        if labels < min(FEWEST_LABELS, len(answers)):
            raise UserError(
                f"where labels tell most is estimated from {FEWEST_LABELS} labels of each system and task, drawn "
                f"evenly: {system} has {labels} of {task}. Label those first: wattbench label "
                f"{sheet.records.layout.root}"
            )
    before = _drawn_before(sheet)
    strata: dict[Stratum, list[AnswerToLabel]] = {}
    for pair, answers in sheet.cells.items():
        for each in answers:
            strata.setdefault((*pair, verdict_stratum(each.verdict)), []).append(each)
    sizes = {pair: len(answers) for pair, answers in sheet.cells.items()}
    queue: list[tuple[bool, float, int, float, int, deque[AnswerToLabel]]] = []
    for stratum, answers in strata.items():
        rest = deque(each for each in answers if each.name not in before)
        labels = len(answers) - len(rest)
        variance = (len(answers) / sizes[stratum[:2]]) ** 2 * _variance(sheet, stratum, strata)
        heapq.heappush(queue, (*_gain(variance, labels), len(queue), variance, labels, rest))
    chosen: list[list[AnswerToLabel]] = [[], []]
    while queue and sum(map(len, chosen)) < number:
        filled, _, tie, variance, labels, rest = heapq.heappop(queue)
        if rest:
            chosen[filled].append(rest.popleft())
            heapq.heappush(queue, (*_gain(variance, labels + 1), tie, variance, labels + 1, rest))
    # Shuffled, as an order would show the verdicts; what each stratum needs at least comes first.
    return [
        DrawnAnswer(each, "by verdict")
        for part in chosen
        for each in sorted(part, key=lambda each: _shuffled(sheet.run, "", each))
    ]


def _gain(variance: float, labels: int) -> tuple[bool, float]:
    """Return what sorts strata by how much one more label lowers the variance, the most first.

    Args:
        variance: of the stratum's part of its mean, for one label.
        labels: that it has.

    Returns:
        Whether it has as many as each stratum gets first, and the gain, negative.
    """
    return labels >= LEAST_OF_STRATUM, -variance / max(labels * (labels + 1), 1)


def _variance(sheet: LabelSheet, stratum: Stratum, strata: Mapping[Stratum, list[AnswerToLabel]]) -> float:
    """Return the variance of the labels in a stratum; where it has no two, of all systems with such a verdict."""
    _, task, fifth = stratum
    own_scores = _scores(sheet, strata[stratum])
    if len(own_scores) < LEAST_OF_STRATUM:
        alike = (each for other, each in strata.items() if other[1:] == (task, fifth))
        own_scores = [score for answers in alike for score in _scores(sheet, answers)]
    mean = sum(own_scores) / max(len(own_scores), 1)
    return (sum((each - mean) ** 2 for each in own_scores) + _UNKNOWN_VARIANCE) / (len(own_scores) + 1)


def _scores(sheet: LabelSheet, answers: Sequence[AnswerToLabel]) -> list[float]:
    """Return the labels of some answers: of each the mean over people."""
    of_people = [scores.values() for each in answers if (scores := sheet.scores.get(each.name))]
    return [sum(scores) / len(scores) for scores in of_people]


def _shuffled(run: str, person: str, answer: AnswerToLabel) -> bytes:
    """Return what sorts answers at random, in an order that a person gets again when she resumes."""
    text = "\0".join(map(str, (run, person, *answer.name)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def shown_first(run: str, answer: AnswerToLabel) -> bool:
    """Return whether an answer of a pair is shown first: by a coin that falls the same way again."""
    return _shuffled(run, "sides", answer)[0] % 2 == 0
