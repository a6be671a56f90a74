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

from wattbench_reports.analyses.labels import LabelledTask, labelled_tasks
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.figures.palette import MARKERS, VARIABLES, colour
from wattbench_reports.formatting import units
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.sections.labels import OTHER
from wattbench_reports.tables.answer_texts import texts_in_parts
from wattbench_reports.tables.item_matrix import RIGHT
from wattbench_reports.tables.run_tables import Frames

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
    """Answers of the run."""
    items: int
    """Items per task in the parts, at most, where not all answers are; otherwise 0."""
    longest: int
    """Characters that are kept of a text, at most: the last ones of a prompt, the first ones of an answer."""
    cut: int
    """Texts that are longer."""


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
    facts, texts = _Facts(frames, labelled), _texts(frames, rows, most)
    budget = BYTES_PER_ANSWER * max(len(rows), FEW_ANSWERS)
    longest = _longest(texts, budget, most)
    while True:
        parts = tuple(map(_packed, _parts(facts, texts, rows, longest)))
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
        "marks": [[VARIABLES[colour(series)], series % len(MARKERS)] for series in range(len(frames.systems))],
        "against": list(against) if against and set(against) <= set(frames.systems) else None,
        "parts": len(parts),
    }
    return EmbeddedAnswers(head, parts, len(rows), measured.frames.number, items, longest, cut)


def _carried(frames: Frames) -> tuple[NDArray[np.int64], int]:
    """Return the answers that are carried, by item and system, and the items per task where these are not all."""
    item, tasks = frames.row_of_answer, frames.codes("task").astype(np.int64)
    system, repeat = frames.codes("system"), frames.items["repeat"].to_numpy()
    order = np.lexsort((repeat, system, item))
    if len(order) <= MOST:
        return order.astype(np.int64), 0
    of_items = tasks[frames.an_answer]
    in_task = np.zeros(len(of_items), dtype=np.int64)
    for task in np.unique(of_items):
        same = of_items == task
        in_task[same] = np.arange(np.count_nonzero(same))
    answers = np.bincount(in_task[item])
    items = max(1, int(np.searchsorted(np.cumsum(answers), MOST, side="right")))
    return order[in_task[item[order]] < items][:MOST].astype(np.int64), items


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
    """What is known of answers next to their texts, read by row."""

    def __init__(self, frames: Frames, labelled: Sequence[LabelledTask]) -> None:
        """Read the columns of a run."""
        self.tasks, self.domains = frames.categories("task"), frames.categories("domain")
        self.item, self.system = frames.row_of_answer, frames.codes("system")
        self.task, self.domain = frames.codes("task"), frames.codes("domain")
        self.document, self.repeat = frames.documents_of(slice(None)), frames.items["repeat"].to_numpy()
        self.seconds, self.joules = frames.seconds(), frames.figures("energy_j")
        self.tokens = frames.figures("output_tokens")
        self.provenance, self.provenances = frames.codes("energy_provenance"), frames.categories("energy_provenance")
        score, failed = frames.figures("correct"), frames.failed()
        self.outcome = np.where(failed, 2, np.where(np.isfinite(score), np.where(score >= RIGHT, 0, 1), 3))
        self.score = score
        self.labels = sorted({label for task in labelled for label in task.labels})
        if self.labels:
            self.labels.append(OTHER)
        self.key, self.answer = np.full(frames.number, -1), np.full(frames.number, -1)
        for task in labelled:
            number_of = np.array([*map(self.labels.index, task.labels), len(self.labels) - 1, -1])
            of = task.key >= 0
            self.key[of], self.answer[of] = number_of[task.key[of]], number_of[task.answer[of]]


def _parts(facts: _Facts, texts: _CutTexts, rows: NDArray[np.int64], longest: int) -> Iterator[dict[str, Any]]:
    """Yield the items and answers of each part. An item is in one part alone."""
    starts = np.flatnonzero(np.diff(texts.item, prepend=-1))
    whole = np.append(starts[np.flatnonzero(np.diff(starts // _PART, prepend=-1))], len(rows)).tolist()
    columns = {name: texts.texts[name].tolist() for name in _TEXTS}
    lengths = {name: texts.lengths[name].tolist() for name in _TEXTS}
    for start, end in pairwise(whole):
        items: list[list[Any]] = []
        answers: list[list[Any]] = []
        last = -1
        prompts: dict[str, int] = {}
        for at in range(start, end):
            row = int(rows[at])
            text = {name: values[at] if isinstance(values[at], str) else None for name, values in columns.items()}
            if texts.item[at] != last:
                last, prompts = texts.item[at], {}
                key = _end(text["target"], lengths["target"][at], _KEY)
                named = int(facts.task[row]), int(facts.domain[row]), int(facts.document[row])
                items.append([*named, key, int(facts.key[row]), []])
            prompt = text["prompt"] or ""
            if prompt not in prompts:
                prompts[prompt] = len(prompts)
                items[-1][-1].append(_end(prompt, lengths["prompt"][at], longest, last=True))
            output, filtered = text["output"], text["filtered"]
            answers.append(
                [
                    len(items) - 1,
                    int(facts.system[row]),
                    int(facts.repeat[row]),
                    int(facts.outcome[row]),
                    int(facts.answer[row]),
                    _number(facts.score[row]),
                    _number(facts.seconds[row]),
                    _quantity(facts.seconds[row], "s"),
                    _number(facts.joules[row]),
                    _joules(facts, row),
                    _number(facts.tokens[row]),
                    prompts[prompt],
                    _end(output, lengths["output"][at], longest),
                    None if filtered == output else _end(filtered, lengths["filtered"][at], longest),
                    _end(text["failure"], lengths["failure"][at], _KEY),
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


def _joules(facts: _Facts, row: int) -> str:
    joules = _quantity(facts.joules[row], "J")
    return f"{joules} ({facts.provenances[facts.provenance[row]]})" if joules else ""


def _packed(part: dict[str, Any]) -> str:
    text = json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()
