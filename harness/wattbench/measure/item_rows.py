"""Build the rows that readers get: answers joined with their scores and their share of a window's joules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.config import DeclaredTraining, HybridSystem, SystemBase
from wattbench.errors import UserError
from wattbench.measure.attribution import attribute, attribute_cpu
from wattbench.measure.plan import Cell
from wattbench.meters.windows.in_flight import alone_s
from wattbench.records import AnswerRow, ExpertRow, ItemRow, RunRecords, ScoreRow, SystemRow, WindowRow
from wattbench.systems import Engine, ExpertsUsed, Facts, Mixture
from wattbench.systems.training_ledger import lineage


def item_rows(records: RunRecords, cells: Sequence[Cell], windows: Sequence[WindowRow]) -> list[ItemRow]:
    """Return the items of cells, each answer joined with its score and its share of its window's joules.

    Args:
        records: of the run.
        cells: those that are complete. A window may hold items of several cells of its system: all must be here.
        windows: as the finished run has them.
    """
    by_name = {window.window: window for window in windows}
    rows = []
    for system in dict.fromkeys(cell.system for cell in cells):
        rows += _rows_of_system(records, [cell for cell in cells if cell.system == system], by_name)
    return rows


def _rows_of_system(records: RunRecords, cells: Sequence[Cell], windows: Mapping[str, WindowRow]) -> list[ItemRow]:
    answers = [(cell, answer) for cell in cells for answer in records.answers(cell.system, cell.choice.task)]
    alone = [answer for _, answer in answers]
    split_s = _alone_in_window_s(alone)
    energies, cpu_seconds = attribute(alone, windows), attribute_cpu(alone, windows)
    scores = {
        (cell.choice.task, s.doc_id, s.repeat, s.offered_per_s, s.arrivals): s
        for cell in cells
        for s in records.scores(cell.system, cell.choice.task) or []
    }
    rows = []
    for (cell, answer), (energy_j, above_idle_j), own_cpu_s, item_s in zip(
        answers, energies, cpu_seconds, split_s, strict=True
    ):
        score = scores[cell.choice.task, answer.doc_id, answer.repeat, answer.offered_per_s, answer.arrivals]
        window = windows.get(answer.window)
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
                messages_hash=answer.messages_hash,
                repeat=answer.repeat,
                correct=score.correct if answer.failure is None else 0.0,
                metrics=json.dumps(score.metrics, ensure_ascii=False),
                prompt_tokens=answer.prompt_tokens,
                output_tokens=answer.output_tokens,
                cached_tokens=answer.cached_tokens,
                reasoning_tokens=answer.reasoning_tokens,
                cache_write_tokens=answer.cache_write_tokens,
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
                route_score=answer.route_score,
                router_s=answer.router_s,
                router_energy_j=_router_j(answer, energy_j, item_s),
                route_asked=answer.route_asked,
                usage=answer.usage,
                offered_per_s=answer.offered_per_s,
                arrivals=answer.arrivals,
                finish_reason=answer.finish_reason,
                output_limit=answer.output_limit,
                failure=answer.failure,
                waited_s=answer.waited_s,
                resent=answer.resent,
                remark=answer.remark,
                block=answer.block,
                attempt=answer.attempt,
                node=window.node if window is not None else records.header.node,
                co_runners=window.co_runners if window is not None else 0,
                passes=window.passes if window is not None else 1,
                own_cpu_s=own_cpu_s,
                prompt=answer.prompt,
                output=_output(answer, score),
                filtered=score.filtered,
                target=score.target,
            )
        )
    return rows


def _alone_in_window_s(answers: Sequence[AnswerRow]) -> list[float]:
    """Return the seconds of each answer as `alone_s` does, window by window: machines answer at the same time."""
    by_window: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        by_window.setdefault(answer.window, []).append(index)
    seconds = np.zeros(len(answers))
    for members in by_window.values():
        started_s, finished_s = (
            np.array([getattr(answers[index], name) for index in members]) for name in ("started_s", "finished_s")
        )
        seconds[members] = alone_s(started_s, finished_s)
    return seconds.tolist()


def _router_j(answer: AnswerRow, energy_j: float | None, item_s: float) -> float | None:
    """Return the router's part of an item's joules: by its part of the seconds attributed to the item.

    Alone, those are the item's duration. In a batch both are shares of it, as the joules are.
    """
    if answer.router_s is None or energy_j is None or item_s <= 0:
        return None
    return energy_j * min(answer.router_s / item_s, 1.0)


def _output(answer: AnswerRow, score: ScoreRow) -> str:
    """Return the output of the system: its text, or, where it only scored choices, the most likely choice."""
    return answer.replies[0] if isinstance(answer.replies[0], str) else score.filtered


def expert_rows(answers: Sequence[AnswerRow], engine: Engine) -> list[ExpertRow]:
    """Count which experts a mixture uses for each answer and its prompt."""
    texts = [answer.replies[0] if isinstance(answer.replies[0], str) else "" for answer in answers]
    return [
        expert_row(answer, engine.experts_used(answer.prompt, text))
        for answer, text in zip(answers, texts, strict=True)
    ]


def expert_row(answer: AnswerRow, used: ExpertsUsed) -> ExpertRow:
    """Return which experts a mixture used for an answer and its prompt."""
    return ExpertRow(
        doc_id=answer.doc_id,
        repeat=answer.repeat,
        tokens=used.prompt_tokens + used.answer_tokens,
        counts=used.counts,
        prompt_tokens=used.prompt_tokens,
        prompt_counts=used.prompt_counts,
        pairs=used.pairs,
    )


def training_costs(system: str, config: SystemBase) -> dict[str, dict[str, Any]] | None:
    """Return the cost of everything that was trained for a system, each once by name: from ledgers, or as declared.

    That of a mixture includes its experts; that of a hybrid all its members. None if no training is recorded.

    Args:
        system: its name, which a declared training has where it has none of its own.
        config: its part of the suite.

    Raises:
        UserError: a ledger cannot be read, or two trainings of one name are not the same.
    """
    members = config.pool if isinstance(config, HybridSystem) else {}
    costs: dict[str, dict[str, Any]] = {}
    for name, one in ((system, config), *members.items()):
        for trained, cost in _training_of(name, one.training).items():
            if costs.setdefault(trained, cost) != cost:
                raise UserError(
                    f"system {system!r}: two different trainings are called {trained!r}: give the declared one a `name`"
                )
    return costs or None


def _training_of(system: str, training: Path | DeclaredTraining | None) -> dict[str, dict[str, Any]]:
    if training is None:
        return {}
    if isinstance(training, DeclaredTraining):
        return {training.name or system: training.summary()}
    return {name: ledger.summary() for name, ledger in lineage(training).items()}


def system_row(
    name: str,
    config: SystemBase,
    facts: Facts,
    load: WindowRow,
    *,
    mixture: Mixture | None = None,
    training: dict[str, dict[str, Any]] | None = None,
) -> SystemRow:
    """Return what a loaded system is made of, and what loading and training it cost.

    Args:
        name: the system's.
        config: its part of the suite.
        facts: its engine's.
        load: the window of its loading.
        mixture: its experts, where it has any.
        training: what `training_costs` found.
    """
    mixture = mixture or Mixture()
    return SystemRow(
        system=name,
        kind=config.kind,
        engine=config.engine,
        domain=config.domain,
        load_s=load.duration_s,
        load_window=load.window,
        experts=list(mixture.experts),
        expert_layers=list(mixture.layers),
        experts_per_token=mixture.per_token,
        expert_bytes=mixture.expert_bytes,
        shared_bytes=mixture.shared_bytes,
        members=config.resident if isinstance(config, HybridSystem) else [],
        teacher=config.teacher,
        training=training,
        node=load.node,
        **asdict(facts),
    )
