"""The rows that readers get: answers joined with their scores and their share of a window's joules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from harness.attribution import attribute
from harness.config import System
from harness.plan import Cell
from harness.records import AnswerRow, ItemRow, RunRecords, ScoreRow, SystemRow, WindowRow
from harness.systems import Facts


def item_rows(records: RunRecords, cell: Cell, windows: Sequence[WindowRow]) -> list[ItemRow]:
    """A cell's items, each answer joined with its score and its share of its window's joules."""
    answers = records.answers(cell.system, cell.choice.task)
    scores = {(s.doc_id, s.repeat): s for s in records.scores(cell.system, cell.choice.task) or []}
    by_name = {window.window: window for window in windows}
    rows = []
    for answer, (energy_j, above_idle_j) in zip(answers, attribute(answers, by_name), strict=True):
        score = scores[answer.doc_id, answer.repeat]
        window = by_name.get(answer.window)
        rows.append(
            ItemRow(
                run=records.header.run,
                system=cell.system,
                kind=cell.config.kind,
                task=cell.choice.task,
                domain=cell.choice.domain,
                doc_id=answer.doc_id,
                doc_hash=score.doc_hash,
                prompt_hash=answer.prompt_hash,
                repeat=answer.repeat,
                correct=score.correct,
                metrics=json.dumps(score.metrics, ensure_ascii=False),
                prompt_tokens=answer.prompt_tokens,
                output_tokens=answer.output_tokens,
                scheduled_s=answer.scheduled_s,
                started_s=answer.started_s,
                first_token_s=answer.first_token_s,
                finished_s=answer.finished_s,
                token_s=answer.token_s,
                batch=answer.batch,
                batch_size=answer.batch_size,
                window=answer.window,
                energy_j=energy_j,
                energy_above_idle_j=above_idle_j,
                energy_provenance=window.provenance_label if window is not None else "",
                route=answer.route,
                prompt=answer.prompt,
                output=_output(answer, score),
                filtered=score.filtered,
                target=score.target,
            )
        )
    return rows


def _output(answer: AnswerRow, score: ScoreRow) -> str:
    """What the system said: its text, or, where it only weighed choices, the choice it found likeliest."""
    return answer.replies[0] if isinstance(answer.replies[0], str) else score.filtered


def system_row(name: str, config: System, facts: Facts, load: WindowRow) -> SystemRow:
    """What a loaded system is made of, and what loading it cost."""
    return SystemRow(
        system=name,
        kind=config.kind,
        engine=config.engine,
        domain=config.domain,
        load_s=load.duration_s,
        load_window=load.window,
        **asdict(facts),
    )
