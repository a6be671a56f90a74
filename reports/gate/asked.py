"""What the lines of a gate's run say of each item: its scores from the rounds, its times from the answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.records import AnswerRow, RoundRow, RunRecords
from harness.records.jsonl import read_lines


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Whatever a record holds that was never written so ends in a sentence.

    Args:
        path: what is read, for the message.
        what: of it.

    Raises:
        UserError: it cannot be made sense of.
    """
    try:
        yield
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        why = str(error) if type(error) is ValueError else repr(error)
        raise UserError(f"{path}: {what} cannot be read ({why}); the record is damaged") from error


@dataclass(frozen=True)
class Told:
    """One item of one system; where it was asked several times, the means."""

    correct: float
    doc_hash: str
    seconds: float
    ttft_s: float
    """NaN where it has no first token on record."""
    times: int
    """How often it was asked, in one window: what it took there is for all of them."""


def told_in(run: RunRecords, rows: Sequence[RoundRow], side: str, system: str) -> dict[tuple[str, int], Told]:
    """Task and document to what is on record of it, for every item in some rounds.

    Args:
        run: the gate's.
        rows: its rounds.
        side: `harness.records.BASELINE` or `CANDIDATE`.
        system: what that side's system is called in the record.

    Raises:
        UserError: the record is damaged.
    """
    with reading(run.layout.rounds, "a round"):
        scores = _scores(rows, side)
        windows = {(block.task, block.windows[side]) for row in rows for block in row.blocks}
    times: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for task in sorted({task for task, _ in windows}):
        path = run.layout.answers(system, task)
        wanted = {window for name, window in windows if name == task}
        with reading(path, "an answer"):
            for doc_id, taken_s in _times(read_lines(path), wanted):
                times.setdefault((task, doc_id), []).append(taken_s)
    found = {}
    for (task, doc_id), (correct, doc_hash) in scores.items():
        own = times.get((task, doc_id))
        if own is None:
            path = run.layout.answers(system, task)
            raise UserError(f"{path}: no answer to document {doc_id}, which is in a round; the record is damaged")
        seconds, first_s = zip(*own, strict=True)
        known = [each for each in first_s if not math.isnan(each)]
        found[task, doc_id] = Told(correct, doc_hash, _mean(seconds), _mean(known), len(own))
    return found


def _scores(rows: Sequence[RoundRow], side: str) -> dict[tuple[str, int], tuple[float, str]]:
    """Each item's mean score and its document's hash.

    Raises:
        ValueError: rounds or scores do not fit together. So for the other errors of a damaged record.
    """
    found: dict[tuple[str, int], tuple[float, str]] = {}
    for place, row in enumerate(rows):
        if row.number != place:
            raise ValueError(f"round {place} is missing")
        items = [(block.task, doc_id) for block in row.blocks for doc_id in block.doc_ids]
        if not items:
            raise ValueError(f"round {place} holds no item")
        marks, hashes = _marks(row, side)
        for item in items:
            task, doc_id = item
            if item in found:
                raise ValueError(f"document {doc_id} of {task} is in the rounds twice")
            if item not in marks:
                raise ValueError(f"round {place} has no score of the {side} for document {doc_id} of {task}")
            found[item] = (_mean(marks[item]), hashes[item])
    return found


def _marks(row: RoundRow, side: str) -> tuple[dict[tuple[str, int], list[float]], dict[tuple[str, int], str]]:
    """Each item's scores in a round, one for each time it was asked, and its document's hash."""
    marks: dict[tuple[str, int], list[float]] = {}
    hashes = {}
    for task, scores in row.scores[side].items():
        for score in scores:
            if not 0 <= score.correct <= 1:
                raise ValueError(f"round {row.number} has a score that is not between 0 and 1")
            marks.setdefault((task, score.doc_id), []).append(float(score.correct))
            hashes[task, score.doc_id] = score.doc_hash
    return marks, hashes


def _times(lines: Iterable[Mapping[str, object]], windows: set[str]) -> Iterator[tuple[int, tuple[float, float]]]:
    """Of the answers in some windows the document, the seconds and those to the first token, NaN where it has none.

    Of a line that is there twice the first counts. What was answered in other windows belongs to a killed round.

    Raises:
        ValueError: an answer ends before it starts. So for the other errors of a damaged record.
    """
    seen: set[tuple[str, int, int]] = set()
    for line in lines:
        if line["window"] not in windows:
            continue
        row = AnswerRow.from_json(line)
        key = (row.request_type, row.doc_id, row.repeat)
        if key in seen:
            continue
        seen.add(key)
        told = (row.finished_s, row.finished_s if row.first_token_s is None else row.first_token_s)
        taken_s, first_s = (moment_s - row.started_s for moment_s in told)
        if not all(math.isfinite(each) and each >= 0 for each in (taken_s, first_s)):
            raise ValueError(f"document {row.doc_id} took {taken_s} s")
        yield row.doc_id, (taken_s, math.nan if row.first_token_s is None else first_s)


def _mean(values: Sequence[float]) -> float:
    """NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan
