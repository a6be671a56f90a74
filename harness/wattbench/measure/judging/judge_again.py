"""Prepare a copy of a finished run whose recorded answers are put to a judge anew.

The copy has the answers, windows and joules of the run, and the verdicts on the tasks that are not judged anew. It is
an unfinished run: what finishes one asks the judge, in windows of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattbench.config import FileTask, Resolved, TaskChoice
from wattbench.errors import UserError, nearest
from wattbench.measure.plan import Cell
from wattbench.measure.rescore import ChangedScore, check_documents
from wattbench.measure.scorer import Scorer
from wattbench.records import Purpose, RunHeader, RunRecords, ScoreRow
from wattbench.records.copies import copy_to_judge
from wattbench.records.opinions import Opinions
from wattbench.records.rows.header import new_run_name, utc_now
from wattbench.records.rows.judgements import JudgementRow
from wattbench.records.rows.windows import WindowRow
from wattbench.tasks.judged.rubric import rubric_text

_AROUND = (Purpose.LOAD, Purpose.WARM_UP, Purpose.IDLE)
"""Windows of a judge in which it is not asked."""


@dataclass(frozen=True)
class JudgedAnew:
    """A copy of a run that is to be judged."""

    root: Path
    labels_left: int
    """Labels of people that were not copied, as they are by another rubric, scale or answer to compare with."""


def suite_to_judge_by(
    records: RunRecords, recorded: Resolved, source: Resolved, tasks: Sequence[str]
) -> tuple[Resolved, tuple[str, ...]]:
    """Return the recorded suite of a run with the judges of another suite, or of its file as it is now.

    Args:
        records: of the run.
        recorded: its suite.
        source: the suite whose `score` counts, by the names of tasks, with its judges and its budget.
        tasks: only these; empty: all of the run that it has a judge for.

    Returns:
        The suite, and the tasks that are judged anew.

    Raises:
        UserError: it has no judge for a task, or none for any; or a task's prompt follows from its earlier score.
    """
    known = {choice.task: choice for choice in recorded.tasks if choice.task in records.header.tasks}
    judged = {choice.task: choice for choice in source.tasks if choice.judged is not None and choice.task in known}
    for name in tasks:
        if name not in known:
            raise UserError(f"--task {name}: no such task in this run{nearest(name, known)}")
        if name not in judged:
            raise UserError(f"--task {name}: {source.path} names no judge for it: give it score: {{judge: ...}}")
    chosen = {name: judged[name] for name in tasks or judged}
    if not chosen:
        raise UserError(
            f"{source.path}: it names no judge for a task of this run ({', '.join([*known][:5])}): give one of them "
            "score: {judge: SYSTEM, rubric: FILE}"
        )
    select = [_judged_so(choice, chosen.get(choice.task), recorded, source) for choice in recorded.tasks]
    kept = {choice.judged.judge for choice in select if choice.task not in chosen and choice.judged is not None}
    named = {choice.judged.judge for choice in chosen.values() if choice.judged is not None}
    if clash := sorted(name for name in kept & named if recorded.judges[name] != source.judges[name]):
        raise UserError(
            f"{source.path}: the judge {clash[0]!r} is another one than that which judged the other tasks of the run: "
            "give it another name, or judge all tasks anew"
        )
    judges = {
        **{name: recorded.judges[name] for name in sorted(kept)},
        # A judge that is one of the run's systems is that system, whatever the other file says of it.
        **{name: recorded.systems.get(name, source.judges[name]) for name in sorted(named)},
    }
    suite = recorded.suite.model_copy(
        update={
            "tasks": recorded.suite.tasks.model_copy(update={"select": select}),
            "judges": {name: config for name, config in judges.items() if name not in recorded.systems},
            "max_cost": source.suite.max_cost,
        }
    )
    return replace(recorded, suite=suite, judges=judges, path=source.path), tuple(chosen)


def _judged_so(choice: TaskChoice, judged: TaskChoice | None, recorded: Resolved, source: Resolved) -> TaskChoice:
    """Return a task of the record with the judge of another suite's."""
    if judged is None or judged.judged is None:
        return choice
    if isinstance(choice, FileTask) and choice.compared is not None and choice.prompt is None:
        raise UserError(
            f"task {choice.task!r}: its prompt follows from score: {choice.compared}, so that its answers are to "
            "another question than a judge would see. Write a prompt: of your own, and run the suite again"
        )
    against = judged.judged.against
    if against is not None and against not in recorded.systems:
        raise UserError(
            f"{source.path}: score.against: {against!r} is no system of this run{nearest(against, recorded.systems)}"
        )
    return choice.model_copy(update={"score": judged.judged, "metric": None})


def copy_to_judge_anew(
    records: RunRecords,
    header: RunHeader,
    resolved: Resolved,
    tasks: Sequence[str],
    out: Path,
    *,
    allow_unsafe_code: bool = False,
) -> JudgedAnew:
    """Copy a finished run so that some of its tasks are judged anew when the copy is finished.

    Args:
        records: of the run.
        header: of `header_to_judge`.
        resolved: of `suite_to_judge_by`.
        tasks: that are judged anew.
        out: the folder in which the copy gets its directory.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: the documents of a task have changed, or a file cannot be read or written.
    """
    scores: dict[tuple[str, str], list[ScoreRow]] = {}
    for choice in (choice for choice in resolved.tasks if choice.task in tasks):
        scorer = Scorer(resolved, choice, allow_unsafe_code=allow_unsafe_code)
        for system in (name for name, task in records.header.pairs if task == choice.task):
            if answers := records.answers(system, choice.task):
                scores[system, choice.task] = scorer.score(answers)
                check_documents(records, system, choice.task, scores[system, choice.task])
    verdicts = [row for row in records.judgements() if row.task not in tasks]
    labelled = [task for task in tasks if _labels_count(task, records, resolved)]
    root = copy_to_judge(
        records,
        out,
        header,
        scores=scores,
        windows=_without_judging(records, verdicts),
        tasks=tasks,
        labelled=labelled,
    )
    return JudgedAnew(root, sum(row.task in tasks and row.task not in labelled for row in records.labels()))


def header_to_judge(
    records: RunRecords, resolved: Resolved, cells: Sequence[Cell], tasks: Sequence[str], command: Sequence[str]
) -> RunHeader:
    """Return the header of a copy that is judged anew; all but the scoring of some tasks is that of the run.

    Args:
        records: of the run.
        resolved: of `suite_to_judge_by`.
        cells: the plan of that suite.
        tasks: that are judged anew.
        command: how this was started, for the record.
    """
    old, now = records.header, {cell.choice.task: cell.as_record() for cell in cells}
    judges = {choice.task: choice.judged.judge for choice in resolved.tasks if choice.judged and choice.task in tasks}
    how = {"from": old.run, "command": list(command), "created_utc": utc_now(), "judges": judges, "tasks": [*tasks]}
    # Not a further session of the suite: its seconds and joules are those of the other run.
    sha256 = hashlib.sha256(json.dumps([old.suite_sha256, old.run, "judged", resolved.sha256]).encode()).hexdigest()
    return replace(
        old,
        run=new_run_name(resolved.suite.name),
        suite=resolved.as_record(),
        suite_sha256=sha256,
        cells=[
            {**cell, **{key: now[cell["task"]][key] for key in ("task_version", "task_sha256")}}
            if cell["task"] in tasks
            else dict(cell)
            for cell in old.cells
        ],
        night=None,
        rescored=how,
        journal=True,
    )


def _labels_count(task: str, records: RunRecords, resolved: Resolved) -> bool:
    """Return whether the labels of a task were given by the rubric and on the scale by which it is judged now."""
    was = records.judges().get(task)
    now = next(choice.judged for choice in resolved.tasks if choice.task == task)
    if was is None or now is None:
        return False
    return (was.scale, was.against, was.rubric) == (now.scale, now.against, rubric_text(now))


def _without_judging(records: RunRecords, verdicts: Sequence[JudgementRow]) -> list[WindowRow]:
    """Return the windows of a run without those of judges whose verdicts are left behind."""
    windows, systems = records.windows(), {system for system, _ in records.header.pairs}
    judges = {row.judge for row in records.judges().values()}
    windows_of_kept, still = {row.window for row in verdicts}, {row.judge for row in verdicts}
    answered_s = max((row.finished_s for row in windows if row.purpose == Purpose.MEASURED), default=0.0)

    def counts(row: WindowRow) -> bool:
        if row.purpose == Purpose.JUDGING:
            return row.window in windows_of_kept
        around = row.purpose in _AROUND and row.system in judges and row.system not in still
        return not (around and (row.system not in systems or row.started_s > answered_s))

    return [row for row in windows if counts(row)]


def changed_opinions(before: RunRecords, after: RunRecords, tasks: Sequence[str]) -> tuple[ChangedScore, ...]:
    """Return how the opinion of each system has changed, over the answers that were judged both times."""
    was, now = Opinions.of(before), Opinions.of(after)
    changes = []
    for system in dict.fromkeys(system for system, _ in after.header.pairs):
        pairs = [
            (was.judged(system, task, answer), now.judged(system, task, answer))
            for task in tasks
            for answer in after.answers(system, task)
        ]
        both = [(old, new) for old, new in pairs if old is not None and new is not None]
        changes.append(
            ChangedScore(
                system,
                len(both),
                sum(old for old, _ in both),
                sum(new for _, new in both),
                sum(new > old for old, new in both),
                sum(new < old for old, new in both),
                not_judged=sum(new is None for _, new in pairs),
            )
        )
    return tuple(changes)
