"""Build the rows of items: answers with their scores and their shares of the joules of windows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wattbench.config import DeclaredTraining, HybridSystem, SystemBase
from wattbench.errors import UserError
from wattbench.measure.call_rows import AgentEnergy, agent_energies, answers_of, call_rows
from wattbench.measure.plan import Cell
from wattbench.meters.windows.in_flight import alone_s, shares
from wattbench.records import AnswerRow, ExpertRow, ItemRow, MeteredCallRow, RunRecords, ScoreRow, SystemRow, WindowRow
from wattbench.records.opinions import Opinions
from wattbench.records.rows.answers import named_item_hash
from wattbench.systems import Engine, Facts, Mixture
from wattbench.systems.training_ledger import lineage


def item_rows(
    records: RunRecords,
    cells: Sequence[Cell],
    windows: Sequence[WindowRow],
    calls: Sequence[MeteredCallRow] | None = None,
) -> list[ItemRow]:
    """Build the rows of items: each answer with its score and its share of its window's joules.

    The share of an agent's item are the joules of its session's model calls and those of the agent's own processes.

    Args:
        records: of the run.
        cells: those that are complete. A window may hold items of several cells of its system: all must be here.
        windows: as the finished run has them.
        calls: of `wattbench.measure.call_rows.call_rows`; None: computed here.
    """
    by_name = {window.window: window for window in windows}
    of_session: dict[str, list[MeteredCallRow]] = {}
    for call in call_rows(records, windows) if calls is None else calls:
        of_session.setdefault(call.session, []).append(call)
    opinions = Opinions.of(records)
    rows = []
    for system in dict.fromkeys(cell.system for cell in cells):
        of_system = [cell for cell in cells if cell.system == system]
        rows += _rows_of_system(records, of_system, by_name, of_session, opinions)
    return rows


def _rows_of_system(
    records: RunRecords,
    cells: Sequence[Cell],
    windows: Mapping[str, WindowRow],
    calls: Mapping[str, Sequence[MeteredCallRow]],
    opinions: Opinions,
) -> list[ItemRow]:
    answers = [(cell, answer) for cell in cells for answer in records.answers(cell.system, cell.choice.task)]
    alone = [answer for _, answer in answers]
    split_s = _alone_in_window_s(alone)
    energies, cpu_seconds = attribute(alone, windows), attribute_cpu(alone, windows)
    agents: Mapping[str, AgentEnergy | None] = {}
    if any(answer.session is not None for answer in alone):
        agents = agent_energies(answers_of(records, {cell.system for cell in cells}), windows)
    scores = {
        (cell.choice.task, *s.key): s for cell in cells for s in records.scores(cell.system, cell.choice.task) or []
    }
    rows = []
    for (cell, answer), of_window, own_cpu_s, item_s in zip(answers, energies, cpu_seconds, split_s, strict=True):
        score = None if records.header.metered is not None else scores[cell.choice.task, *answer.key]
        agent = None if answer.session is None else agents[answer.session]
        own_calls = None if answer.session is None else calls.get(answer.session, ())
        energy_j, above_idle_j = of_window if own_calls is None else _of_session(own_calls, agent, *of_window)
        window = windows.get(answer.window)
        rows.append(
            ItemRow.of(
                answer,
                run=records.header.run,
                system=cell.system,
                kind=cell.config.kind,
                task=cell.choice.task,
                domain=cell.choice.domain,
                **_of_score(answer, score, cell.choice.task),
                judged=opinions.judged(cell.system, cell.choice.task, answer),
                energy_j=energy_j,
                energy_above_idle_j=above_idle_j,
                energy_provenance=window.provenance_label if window is not None else "",
                router_energy_j=_router_j(answer, energy_j, item_s),
                agent_energy_j=None if agent is None else agent.joules,
                node=window.node if window is not None else records.header.node,
                co_runners=window.co_runners if window is not None else 0,
                passes=window.passes if window is not None else 1,
                own_cpu_s=own_cpu_s,
            )
        )
    return rows


def _of_score(answer: AnswerRow, score: ScoreRow | None, task: str) -> dict[str, Any]:
    """Return the fields of an item that follow from its score; of a session of a metered program, from its name."""
    if score is None:
        return {
            "doc_hash": named_item_hash(task, answer.prompt),
            "correct": None,
            "metrics": "{}",
            "output": str(answer.replies[0]),
            "filtered": "",
            "target": "",
        }
    return {
        "doc_hash": score.doc_hash,
        "correct": score.correct if answer.failure is None or score.correct is None else 0.0,
        "metrics": json.dumps(score.metrics, ensure_ascii=False),
        "output": _output(answer, score),
        "filtered": score.filtered,
        "target": score.target,
    }


def _of_session(
    calls: Sequence[MeteredCallRow], agent: AgentEnergy | None, energy_j: float | None, above_idle_j: float | None
) -> tuple[float | None, float | None]:
    """Return the joules of an agent's item, in total and above idle.

    Args:
        calls: of its session.
        agent: of its own processes; None: not known, so that they are among those of the calls.
        energy_j: None: its window is not valid.
        above_idle_j: None: the idle draw is not known.
    """
    joules = [call.energy_j for call in calls]
    above_j = [call.energy_above_idle_j for call in calls]
    if agent is not None:
        joules, above_j = [*joules, agent.joules], [*above_j, agent.above_idle_j]
    return None if energy_j is None else _sum(joules), None if above_idle_j is None else _sum(above_j)


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [each for each in parts if each is not None]
    return math.fsum(known) if len(known) == len(parts) else None


def _alone_in_window_s(answers: Sequence[AnswerRow]) -> list[float]:
    """Return the seconds attributed to each answer by `alone_s`, computed for each window on its own."""
    seconds = np.zeros(len(answers))
    for members in _by_window(answers).values():
        started_s, finished_s = (
            np.array([getattr(answers[index], name) for index in members]) for name in ("started_s", "finished_s")
        )
        seconds[members] = alone_s(started_s, finished_s)
    return seconds.tolist()


def _router_j(answer: AnswerRow, energy_j: float | None, item_s: float) -> float | None:
    """Return the joules of the router in an item, in proportion to the router's share of the item's seconds.

    Alone, those are the item's duration. In a batch both are shares of it, as the joules are.
    """
    if answer.router_s is None or energy_j is None or item_s <= 0:
        return None
    return energy_j * min(answer.router_s / item_s, 1.0)


def _output(answer: AnswerRow, score: ScoreRow) -> str:
    """Return the text that the system generated; for scored choices, the most likely choice."""
    return answer.replies[0] if isinstance(answer.replies[0], str) else score.filtered


def expert_rows(answers: Sequence[AnswerRow], engine: Engine) -> list[ExpertRow]:
    """Count which experts a mixture uses for each answer and its prompt."""
    rows = []
    for answer in answers:
        used = engine.experts_used(answer.prompt, answer.replies[0] if isinstance(answer.replies[0], str) else "")
        rows.append(
            ExpertRow(
                doc_id=answer.doc_id,
                repeat=answer.repeat,
                tokens=used.prompt_tokens + used.answer_tokens,
                counts=used.counts,
                prompt_tokens=used.prompt_tokens,
                prompt_counts=used.prompt_counts,
                pairs=used.pairs,
            )
        )
    return rows


def training_costs(system: str, config: SystemBase) -> dict[str, dict[str, Any]] | None:
    """Return the cost of each training behind a system, by name, from ledgers or as declared.

    The cost of a mixture includes its experts; that of a hybrid all its members. None if no training is recorded.

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
    """Build the row of a loaded system: its parts, and what loading and training cost.

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
        **vars(facts),
    )


def attribute(
    answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]
) -> list[tuple[float | None, float | None]]:
    """Return the joules of each answer, in total and above idle.

    An answer whose window is missing or not valid gets None: no figure is better than a wrong one.
    Where a window's items were asked several times to fill it, each gets its share of one pass, so that the items'
    energies times the window's passes are the window's energy.
    """
    energies: list[tuple[float | None, float | None]] = [(None, None)] * len(answers)
    for window, index, share in _shares_of_windows(answers, windows):
        if not window.valid or window.total_j is None:
            continue
        above_idle_j = window.above_idle_j
        energies[index] = (
            window.total_j * share / window.passes,
            None if above_idle_j is None else above_idle_j * share / window.passes,
        )
    return energies


def attribute_cpu(answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]) -> list[float | None]:
    """Return the CPU seconds of the own processes for each answer, divided as joules are.

    They are also known of windows that are not valid.
    """
    seconds: list[float | None] = [None] * len(answers)
    for window, index, share in _shares_of_windows(answers, windows):
        if window.own_cpu_s is not None:
            seconds[index] = window.own_cpu_s * share / window.passes
    return seconds


def _by_window(answers: Sequence[AnswerRow]) -> dict[str, list[int]]:
    """Group answers by window: map each window to the positions of its answers."""
    positions: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        positions.setdefault(answer.window, []).append(index)
    return positions


def _shares_of_windows(
    answers: Sequence[AnswerRow], windows: Mapping[str, WindowRow]
) -> Iterator[tuple[WindowRow, int, float]]:
    """Yield the window, position and share of each answer. Answers without a window row are left out."""
    for name, members in _by_window(answers).items():
        window = windows.get(name)
        if window is None:
            continue
        item_shares = shares(
            np.array([answers[i].started_s for i in members]),
            np.array([answers[i].finished_s for i in members]),
        )
        for index, share in zip(members, item_shares.tolist(), strict=True):
            yield window, index, share
