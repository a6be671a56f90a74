"""Runs whose tasks a made-up judge scores: what it says of each answer, and what people say who label some of them.

What people say of an answer is in its text, so that labels can be given later: `truth_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.made_up.rows import START_S
from wattbench.config.judged import JudgedBy
from wattbench.records import ItemRow, RunWriter, SystemRow, WindowRow, read_run
from wattbench.records.rows.judgements import Drawn, JudgementRow, JudgeRow, LabelRow, Shown, answer_digest
from wattbench.records.tables.table_columns import TableColumns

JUDGE = "judge"
WINDOW = "judging0"
_TRUTH = re.compile(r"truth (\S+)\.$")


@dataclass(frozen=True)
class FakeJudge:
    """How a made-up judge scores the answers to a task."""

    judge: str = JUDGE
    scale: str = "pass"
    against: str | None = None
    right: float = 0.9
    """The chance that it gives a good answer its due."""
    wrong: float = 0.3
    """The chance that it passes an answer that deserves nothing. Of a grade: that it is a grade too kind."""
    favours: Mapping[str, float] = field(default_factory=dict)
    """System to what is added to both chances."""
    first: float = 0.0
    """Of a pair: the chance that it prefers what it sees first, whatever that is."""
    unread: float = 0.0
    """The share of answers of which it says nothing that can be read."""
    rubric: str = "A good reply answers the question and is polite."
    seed: int = 0

    @property
    def orders(self) -> tuple[Shown | None, ...]:
        """Return in which places it sees an answer."""
        return ("first", "second") if self.scale == "pair" else (None,)

    @property
    def settings(self) -> dict[str, object]:
        """Return the `score` of a task that it scores."""
        return {"judge": self.judge, "rubric": "rubric.md", "scale": self.scale, "against": self.against}


def judge_items(writer: RunWriter, judges: Mapping[str, FakeJudge], items: Sequence[ItemRow]) -> list[ItemRow]:
    """Record the verdicts of made-up judges, and return the items without scores: a score becomes the truth that is in
    the text of the answer."""
    for task, each in judges.items():
        writer.append_judge(
            JudgeRow(
                judge=each.judge, task=task, scale=each.scale, rubric=each.rubric, against=each.against,
                prompt_version="1",
                facts=SystemRow(system=each.judge, kind="generalist", engine="python").as_json(),
            )
        )  # fmt: skip
    rng = {task: np.random.default_rng([each.seed, place]) for place, (task, each) in enumerate(judges.items())}
    judged, lines = [], []
    for item in items:
        judge = judges.get(item.task)
        if judge is None:
            judged.append(item)
            continue
        truth = _truth(judge, item.correct or 0.0, rng[item.task])
        text = f"{item.output} {item.system} {item.doc_id}.{item.repeat}: truth {truth:g}."
        row = replace(item, correct=None, metrics="{}", output=text, filtered=text)
        if row.failure is not None or row.system == judge.against:
            judged.append(replace(row, judged=0.0 if row.failure else 0.5))
            continue
        verdicts = [_verdict(judge, truth, row.system, shown, rng[row.task]) for shown in judge.orders]
        lines += [judgement(judge, row, *each) for each in zip(judge.orders, verdicts, strict=True)]
        known = [each for each in verdicts if each is not None]
        judged.append(replace(row, judged=sum(known) / len(known) if len(known) == len(verdicts) else None))
    writer.layout.judgements.write_text("".join(json.dumps(line.as_json()) + "\n" for line in lines))
    return judged


def judging_window(run: str, example: WindowRow) -> WindowRow:
    """Return the window in which a judge was asked."""
    return replace(
        example, window=WINDOW, run=run, system=JUDGE, task=None, block=None, purpose="judging",
        started_s=START_S + 50_000, finished_s=START_S + 60_000,
    )  # fmt: skip


def truth_of(text: str) -> float:
    """Return what people say of an answer, from its text."""
    match = _TRUTH.search(text)
    assert match is not None
    return float(match[1])


def add_labels(
    root: Path,
    labels: int | Mapping[str, int],
    *,
    people: Iterable[str] = ("ann",),
    drawn: Drawn = "evenly",
    seed: int = 0,
    tasks: Iterable[str] | None = None,
    score: Callable[[str], float | None] = truth_of,
) -> None:
    """Label answers of a finished run, drawn evenly: of each system and judged task the same first ones of an order.

    Args:
        root: of the run.
        labels: of each system and task; or of each system.
        people: each labels all of these answers.
        drawn: what the labels say.
        seed: of the order.
        tasks: that are labelled; None: all that are judged.
        score: what a person says of a text.
    """
    run = read_run(root)
    named = set(run.judges() if tasks is None else tasks)
    answers: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    with TableColumns(run.layout.items_table) as table:
        texts = [table.coded(name).series().tolist() for name in ("system", "task", "output")]
        numbers = [table.whole_numbers(name).tolist() for name in ("doc_id", "repeat")]
        failed = table.coded("failure").codes >= 0
    for system, task, text, doc_id, repeat, no_answer in zip(*texts, *numbers, failed, strict=True):
        if task in named and not no_answer:
            answers.setdefault((system, task), []).append((doc_id, repeat, text))
    lines = []
    for (system, task), rows in answers.items():
        count = labels if isinstance(labels, int) else labels.get(system, 0)
        rng = np.random.default_rng([seed, *task.encode()])
        order = dict(zip(sorted({each[:2] for each in rows}), rng.permutation(len(rows)).tolist(), strict=True))
        for doc_id, repeat, text in sorted(rows, key=lambda each: order[each[:2]])[:count]:
            lines += [
                LabelRow(
                    system=system, task=task, doc_id=doc_id, repeat=repeat, answer_sha256=answer_digest(text),
                    score=score(text), person=person, drawn=drawn, labelled_utc="2026-01-03T03:04:05+00:00",
                )
                for person in people
            ]  # fmt: skip
    with run.layout.labels.open("a") as file:
        file.writelines(json.dumps(line.as_json()) + "\n" for line in lines)


def _truth(judge: FakeJudge, correct: float, rng: np.random.Generator) -> float:
    """Return what people say: of a grade one of the two lowest or of the two highest; of a pair also a tie."""
    if judge.scale == "pass":
        return correct
    if judge.scale == "pair":
        return float(rng.choice([correct, 0.5], p=[0.8, 0.2]))
    steps = _steps(judge)
    return (correct * (steps - 1) + float(rng.integers(2))) / steps


def _steps(judge: FakeJudge) -> int:
    low, high = JudgedBy(judge=judge.judge, rubric="rubric.md", scale=judge.scale).grades or (0, 1)
    return high - low


def _verdict(
    judge: FakeJudge, truth: float, system: str, shown: Shown | None, rng: np.random.Generator
) -> float | None:
    """Draw what a judge says of an answer."""
    if rng.random() < judge.unread:
        return None
    more = judge.favours.get(system, 0.0)
    if judge.scale == "pair" and rng.random() < judge.first:
        return float(shown == "first")
    if judge.scale not in ("pass", "pair"):
        steps = _steps(judge)
        kinder = float(rng.random() < judge.wrong + more) - float(rng.random() < 1 - judge.right)
        return float(np.clip(truth + kinder / steps, 0, 1))
    if judge.scale == "pair" and truth == 0.5 and rng.random() < 0.5:
        return 0.5
    return float(rng.random() < judge.wrong + (judge.right - judge.wrong) * truth + more)


def judgement(judge: FakeJudge, row: ItemRow, shown: Shown | None, verdict: float | None) -> JudgementRow:
    """Return what a judge says of an answer."""
    return JudgementRow(
        system=row.system, task=row.task, doc_id=row.doc_id, repeat=row.repeat, offered_per_s=row.offered_per_s,
        arrivals=row.arrivals, answer_sha256=answer_digest(row.output), judge=judge.judge, shown=shown, verdict=verdict,
        why=None if verdict is not None else "the reply has no verdict", prompt_tokens=200, output_tokens=12,
        reply="I cannot say." if verdict is None else f"Verdict: {verdict:g}", prompt_hash="j",
        started_s=START_S + 50_000, finished_s=START_S + 50_001, window=WINDOW,
    )  # fmt: skip
