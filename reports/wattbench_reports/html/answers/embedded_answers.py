"""Pack the answers of a run for a page: few bytes, and nothing that is parsed before a reader asks for it."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records.prompts import prompt_as_text
from wattbench_reports.analyses.labels import LabelledTask, labelled_tasks
from wattbench_reports.comparison.judges import LEAST_APART
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures.palette import MARKERS, VARIABLES, colour
from wattbench_reports.formatting import units
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.sections.answer_links import DIFFER
from wattbench_reports.sections.labels import OTHER
from wattbench_reports.tables.answer_texts import texts_in_parts
from wattbench_reports.tables.item_matrix import RIGHT
from wattbench_reports.tables.judged_answers import opinions_of
from wattbench_reports.tables.run_tables import Frames, answers_of

MOST = 100_000
"""The most answers that a page holds."""
BYTES_PER_ANSWER, FEW_ANSWERS = 250, 10_000
"""What an answer may add to the page, and the number of answers below which all of them share a budget."""
LONGEST = 4_000
"""Characters that are kept of a text, at most; of each of many answers a quarter."""
_SHORTEST = 60
_KEY = 200
"""Characters that are kept of a key or a failure."""
_PART = 2_000
"""Answers in a part."""
_RATIO = 2.5
"""Characters of text for a byte of the page, about: where they take more, texts are cut further."""
OUTCOMES = ("right", "wrong", "failed", "not scored")
JUDGED = ("not judged", "judge's opinion", "labelled, judge agrees", DIFFER)
"""What is known of an answer to a judged task."""
_TEXTS = ("prompt", "output", "filtered", "target", "failure")

Packed = str | tuple[str, int, int]
"""A text; where it is cut, with the characters that are kept and those of the whole text."""


@dataclass(frozen=True)
class EmbeddedAnswers:
    """Answers as a page holds them."""

    head: dict[str, Any]
    """Names and numbers that the script has before it reads a part; names in it are a record's."""
    parts: tuple[str, ...]
    """JSON of some items and of all carried answers to them, compressed with gzip, as Base64."""
    count: int
    """Answers in the parts."""
    of: int
    """Answers that are compared."""
    apart: int
    """Answers of the run that are not compared: at other rates, or of systems that were not asked to the end."""
    items: int
    """Items per task in the parts, at most, where not all answers are; otherwise 0."""
    sampled: bool
    """Whether the items are of a random sample, as only such items of the run are read one by one."""
    longest: int
    """Characters that are kept of a text, at most: the last ones of a prompt, the first ones of an answer."""
    cut: int
    """Texts that are longer."""
    labelled: tuple[LabelledTask, ...]
    """The tasks of the run whose answers are labels."""


def embedded_answers(measured: Measured, against: tuple[str, str] | None = None) -> EmbeddedAnswers:
    """Pack the answers of a run: all, or those to the first items of each task where there are more than `MOST`.

    Args:
        measured: of the run. Of a streamed one the answers are those to its sample of items.
        against: two systems whose differences are shown first; None: all answers are.

    Raises:
        UserError: the table of items is damaged.
    """
    frames = measured.by_item.frames
    rows, items = _carried(frames)
    labelled = labelled_tasks(measured)
    most = LONGEST if len(rows) <= 2 * FEW_ANSWERS else LONGEST // 4
    facts, texts = _Facts(frames, labelled, rows), _texts(frames, rows, most)
    budget = BYTES_PER_ANSWER * max(len(rows), FEW_ANSWERS)
    longest = _longest(texts, budget, most)
    while True:
        parts = tuple(map(_packed, _parts(facts, texts, longest)))
        size = sum(map(len, parts))
        if size <= budget or longest == _SHORTEST:
            break
        longest = max(_SHORTEST, int(0.9 * longest * budget / size))
    cut = sum(int((texts.lengths[name] > longest).sum()) for name in ("output", "filtered")) + texts.prompts_over(
        longest
    )
    head = {
        "systems": list(frames.systems),
        "tasks": facts.tasks,
        "domains": facts.domains,
        "labels": facts.labels,
        "outcomes": list(OUTCOMES),
        "judged": list(JUDGED) if facts.judged else [],
        "marks": [[VARIABLES[colour(series)], series % len(MARKERS)] for series in range(len(frames.systems))],
        "against": list(against) if against and set(against) <= set(frames.systems) else None,
        "parts": len(parts),
    }
    of = measured.frames.compared
    apart, sampled = answers_of(frames.run) - of, measured.sample is not None
    return EmbeddedAnswers(head, parts, len(rows), of, apart, items, sampled, longest, cut, labelled)


def _carried(frames: Frames) -> tuple[NDArray[np.int64], int]:
    """Return the answers that are carried, by item and system, and the items per task where these are not all."""
    item, items, rows = frames.row_of_answer, 0, np.arange(frames.number)
    if frames.number > MOST:
        in_task = _places_in_tasks(frames.codes("task")[frames.an_answer])
        answers = np.bincount(in_task[item])
        items = max(1, int(np.searchsorted(np.cumsum(answers), MOST, side="right")))
        rows = np.flatnonzero(in_task[item] < items)
    order = np.lexsort((frames.items["repeat"].to_numpy()[rows], frames.codes("system", rows), item[rows]))
    return rows[order][:MOST].astype(np.int64), items


def _places_in_tasks(tasks: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return which item of its task each item is, from 0.

    Args:
        tasks: shape (items,): the number of each item's task.
    """
    in_task = np.zeros(len(tasks), dtype=np.int32)
    for task in np.unique(tasks):
        same = tasks == task
        in_task[same] = np.arange(np.count_nonzero(same))
    return in_task


@dataclass(frozen=True)
class _CutTexts:
    """The texts of the carried answers, cut to the most characters that are kept; indexed by their rows."""

    texts: pd.DataFrame
    lengths: pd.DataFrame
    """Characters of each whole text; 0 where there is none."""
    item: NDArray[np.int32]

    def prompts_over(self, longest: int) -> int:
        """Count the items whose prompt is longer."""
        return len(np.unique(self.item[self.lengths["prompt"].to_numpy() > longest]))


def _texts(frames: Frames, rows: NDArray[np.int64], most: int) -> _CutTexts:
    wanted = np.zeros(frames.number, dtype=np.bool_)
    wanted[rows] = True
    there = [name for name in _TEXTS if frames.has_column(name)]
    kept, lengths = [pd.DataFrame(columns=there)], [pd.DataFrame(columns=there)]
    for places, batch in texts_in_parts(frames, there, wanted) if there else ():
        part = batch.to_pandas().set_axis(places).astype(object)
        if "prompt" in part:
            part["prompt"] = part["prompt"].map(prompt_as_text, na_action="ignore")
        lengths.append(part.apply(lambda texts: texts.str.len().fillna(0).astype(np.int64)))
        kept.append(part.apply(lambda texts: texts.str[-most:] if texts.name == "prompt" else texts.str[:most]))
    texts, long = (pd.concat(each[1:] or each).reindex(rows) for each in (kept, lengths))
    for name in _TEXTS:
        if name not in texts:
            texts[name], long[name] = None, 0
    return _CutTexts(texts, long, frames.row_of_answer[rows])


def _longest(texts: _CutTexts, budget: int, most: int) -> int:
    """Return how many characters of a text can be kept for the bytes that there are, by the usual compression."""
    outputs = texts.lengths["output"].to_numpy()
    filtered = np.where(texts.texts["filtered"] == texts.texts["output"], 0, texts.lengths["filtered"])
    first = np.unique(texts.item, return_index=True)[1]
    lengths = np.concatenate([outputs, filtered, texts.lengths["prompt"].to_numpy()[first]])
    longest = most
    while longest > _SHORTEST and np.minimum(lengths, longest).sum() > _RATIO * budget:
        longest = max(_SHORTEST, int(0.8 * longest))
    return longest


class _Facts:
    """What is known of the carried answers next to their texts: arrays of shape (carried answers,)."""

    def __init__(self, frames: Frames, labelled: Sequence[LabelledTask], rows: NDArray[np.int64]) -> None:
        """Read the columns of some answers."""
        self.tasks, self.domains = frames.categories("task"), frames.categories("domain")
        self.system, self.task, self.domain = (frames.codes(name, rows) for name in ("system", "task", "domain"))
        self.document, self.repeat = frames.documents_of(rows), frames.items["repeat"].to_numpy()[rows]
        self.seconds, self.joules = frames.seconds(rows), frames.figures("energy_j", rows)
        self.tokens, self.score = frames.figures("output_tokens", rows), frames.figures("score", rows)
        names = frames.categories("energy_provenance")
        self.provenance = [names[code] for code in frames.codes("energy_provenance", rows).tolist()]
        self.verdict, self.label = opinions_of(frames, rows)
        self.judged_tasks = frozenset[str]() if frames.judged_tasks is None else frozenset(frames.judged_tasks.judges)
        self.judged = bool(self.judged_tasks.intersection(self.tasks))
        scored = np.where(np.isfinite(self.score), np.where(self.score >= RIGHT, 0, 1), 3)
        self.outcome = np.where(frames.failed(rows), 2, scored)
        self.labels = sorted({label for task in labelled for label in task.labels})
        if self.labels:
            self.labels.append(OTHER)
        self.key, self.answer = np.full(len(rows), -1), np.full(len(rows), -1)
        for task in labelled:
            number_of = np.array([*map(self.labels.index, task.labels), len(self.labels) - 1])
            key, answer = task.key[rows], task.answer[rows]
            self.key[key >= 0], self.answer[key >= 0] = number_of[key[key >= 0]], number_of[answer[key >= 0]]

    def opinion(self, at: int) -> tuple[float | None, float | None, int]:
        """Return the verdict and the label of an answer, and which of `JUDGED` it is; -1: its task is not judged."""
        verdict, label = float(self.verdict[at]), float(self.label[at])
        task = self.tasks[int(self.task[at])]
        return _number(verdict), _number(label), _judged(verdict, label) if task in self.judged_tasks else -1


def _judged(verdict: float, label: float) -> int:
    """Return which of `JUDGED` an answer to a judged task is."""
    if math.isnan(verdict):
        return 0
    if math.isnan(label):
        return 1
    return 3 if abs(verdict - label) >= LEAST_APART else 2


def _parts(facts: _Facts, texts: _CutTexts, longest: int) -> Iterator[dict[str, Any]]:
    """Yield the items and answers of each part. An item is in one part alone."""
    starts = np.flatnonzero(np.diff(texts.item, prepend=-1))
    whole = np.append(starts[np.flatnonzero(np.diff(starts // _PART, prepend=-1))], len(texts.item)).tolist()
    columns = {name: texts.texts[name].tolist() for name in _TEXTS}
    lengths = {name: texts.lengths[name].tolist() for name in _TEXTS}
    for start, end in pairwise(whole):
        items: list[list[Any]] = []
        answers: list[list[Any]] = []
        last = -1
        prompts: dict[str, int] = {}
        for at in range(start, end):
            text = {name: values[at] if isinstance(values[at], str) else None for name, values in columns.items()}
            if texts.item[at] != last:
                last, prompts = texts.item[at], {}
                key = _end(text["target"], lengths["target"][at], _KEY)
                named = int(facts.task[at]), int(facts.domain[at]), int(facts.document[at])
                items.append([*named, key, int(facts.key[at]), []])
            prompt = text["prompt"] or ""
            if prompt not in prompts:
                prompts[prompt] = len(prompts)
                items[-1][-1].append(_end(prompt, lengths["prompt"][at], longest, last=True))
            output, filtered = text["output"], text["filtered"]
            answers.append(
                [
                    len(items) - 1,
                    int(facts.system[at]),
                    int(facts.repeat[at]),
                    int(facts.outcome[at]),
                    int(facts.answer[at]),
                    _number(facts.score[at]),
                    _number(facts.seconds[at]),
                    _quantity(facts.seconds[at], "s"),
                    _number(facts.joules[at]),
                    _joules(facts, at),
                    _number(facts.tokens[at]),
                    prompts[prompt],
                    _end(output, lengths["output"][at], longest),
                    None if filtered == output else _end(filtered, lengths["filtered"][at], longest),
                    _end(text["failure"], lengths["failure"][at], _KEY),
                    *(facts.opinion(at) if facts.judged else ()),
                ]
            )
        yield {"items": items, "answers": answers}


def _end(text: str | None, length: int, longest: int, *, last: bool = False) -> Packed | None:
    if text is None:
        return None
    kept = text[-longest:] if last else text[:longest]
    return visible(kept) if length <= longest else (visible(kept), len(kept), length)


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _quantity(value: float, unit: str) -> str:
    return units.quantity(float(value), unit) if math.isfinite(value) else ""


def _joules(facts: _Facts, at: int) -> str:
    joules = _quantity(facts.joules[at], "J")
    return f"{joules} ({facts.provenance[at]})" if joules else ""


def _packed(part: dict[str, Any]) -> str:
    text = json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()
