"""Score the recorded answers of a run anew, with other filters, metrics or task files. No system is asked anything.

The scores are lm-eval's, as those of the run were. They go into a new run directory with the same answers, windows and
joules; nothing in the old one changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wattbench.config import Resolved, TaskChoice, tasks_from_record
from wattbench.errors import UserError, nearest
from wattbench.measure.compared_texts import TextComparison, compare_texts
from wattbench.measure.scorer import Scorer
from wattbench.records import Forms, RunHeader, RunRecords, ScoreRow
from wattbench.records.copies import write_rescored
from wattbench.records.rows.answers import AnswerKey
from wattbench.records.rows.header import new_run_name, utc_now
from wattbench.records.tables.run_tables import compared_texts
from wattbench.records.verified_files import check_unchanged
from wattbench.systems.base import GENERATE
from wattbench.tasks.answer_changes import AnswerChanges
from wattbench.tasks.bounded_pattern import compiled, first_matches
from wattbench.tasks.loading import allow_model_code, outline_task, tasks_in

Digests = dict[str, tuple[str, str]]
"""Task to its version, and to a hash of how its answers are scored."""

Cells = dict[tuple[str, str], list[ScoreRow]]
"""System and task to scores."""


@dataclass(frozen=True)
class Rescoring:
    """How answers are scored anew."""

    forms: Forms = ()
    pattern: str | None = None
    """A regular expression that extracts the answer, in place of the tasks' own filters."""
    tasks: tuple[str, ...] = ()
    """Only these; empty: all."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """Task to its metric of correctness."""
    tasks_from: Path | None = None
    """A folder of task files. The tasks in it are scored as it says; all others as before."""

    def as_record(self) -> dict[str, Any]:
        """Return the settings in the form that a header has."""
        return {
            "forms": [str(form) for form in self.forms],
            "regex": self.pattern,
            "tasks": list(self.tasks),
            "metrics": dict(self.metrics),
            "tasks_from": None if self.tasks_from is None else str(self.tasks_from.resolve()),
        }


@dataclass(frozen=True)
class ChangedScore:
    """What scoring anew changed for one system, over the tasks that were scored anew."""

    system: str
    answers: int
    before: float
    """The sum of the scores. So `after`."""
    after: float
    newly_right: int
    """Answers whose score is higher than it was."""
    newly_wrong: int
    checked: int = 0
    """Attempts of an agent that a check judged: they keep what it said, as their working folders are gone."""
    not_judged: int = 0
    """Answers that a judge was to score anew, and could not."""

    def as_record(self) -> dict[str, float]:
        """Return the change in the form that a header has."""
        names = ("answers", "before", "after", "newly_right", "newly_wrong")
        return {name: getattr(self, name) for name in names}


def rescore(
    records: RunRecords,
    how: Rescoring,
    out: Path,
    command: Sequence[str],
    *,
    allow_unsafe_code: bool = False,
) -> tuple[Path, tuple[ChangedScore, ...]]:
    """Score a run's answers anew and write them as a new run.

    Args:
        records: of a finished run.
        how: what is changed.
        out: the folder in which the new run gets its directory.
        command: how this was started, for the record.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Returns:
        The new run's directory, and what changed, by system in the order of the run.

    Raises:
        UserError: the run cannot be scored anew, an argument is wrong, or a task does not score these answers.
    """
    check_run(records)
    if how.pattern is not None:
        compiled(how.pattern)
    if records.header.imported is not None:
        scores, digests = _of_import(records, how)
    else:
        work = _TasksToScore.of(records, how, allow_unsafe_code)
        scores, digests = work.score(), work.digests
    changes = tuple(_changes(records, scores))
    header = _header(records, how, digests, changes, command)
    return write_rescored(records, out, header, scores, utc_now()), changes


def check_run(records: RunRecords) -> None:
    """Check that the answers of a run can be scored anew.

    Raises:
        UserError: they cannot.
    """
    root, header = records.layout.root, records.header
    if not records.finished:
        raise UserError(f"{root}: this run is not finished. Finish it with: wattbench run --resume {root}")
    check_unchanged(records)  # the copy has digests of its own, and would hide a change
    if header.metered is not None:
        raise UserError(f"{root}: it is of sessions of a program, which are not scored")
    if header.gate is not None:
        raise UserError(
            f"{root}: this is the run of a gate, which ended when its scores decided it: with other scores it would "
            "have asked other items. Run the gate again"
        )
    if header.rescored is not None:
        raise UserError(
            f"{root}: this run is rescored itself. Rescore the one whose answers it holds: {header.rescored['from']}"
        )


def _of_import(records: RunRecords, how: Rescoring) -> tuple[Cells, Digests]:
    """Score the answers of an imported run by comparing texts; return the scores and the digests of scoring."""
    root = records.layout.root
    if how.metrics or how.tasks_from is not None:
        raise UserError(
            f"{root}: another tool scored these answers, and the record has no task of them: --metric and --tasks-from "
            "do not apply. Its texts can be compared anew, as with --strip"
        )
    if not how.forms and how.pattern is None:
        raise UserError(
            f"{root}: another tool scored these answers: say how to compare them, as with --strip or --regex"
        )
    known = records.header.tasks
    for name in how.tasks:
        if name not in known:
            raise UserError(f"--task {name}: no such task in this run{nearest(name, known)}")
    scores = compare_texts(records, TextComparison(how.forms, how.pattern, frozenset(how.tasks or known)))
    changed = (*how.forms, how.pattern)
    recorded = {str(cell["task"]): cell for cell in records.header.cells}
    digests = {
        task: (
            str(recorded[task].get("task_version", "")),
            _digest(str(recorded[task].get("task_sha256", "")), changed),
        )
        for _, task in scores
    }
    return scores, digests


@dataclass(frozen=True)
class _TasksToScore:
    """The tasks to be scored, each with the suite from which it is loaded."""

    records: RunRecords
    how: Rescoring
    tasks: Mapping[str, tuple[Resolved, TaskChoice]]
    texts: frozenset[str]
    """Those whose answers are texts, which can be changed."""
    allow_unsafe_code: bool
    digests: Digests = field(default_factory=dict)
    """Filled as tasks are scored."""

    @classmethod
    def of(cls, records: RunRecords, how: Rescoring, allow_unsafe_code: bool) -> _TasksToScore:
        """Find the tasks to be scored, and check that they can be scored with these options."""
        resolved = tasks_from_record(records.header.suite)
        known = {choice.task: choice for choice in resolved.tasks if choice.task in records.header.tasks}
        _check_names(how, known)
        judged = [name for name, choice in known.items() if choice.judged is not None]
        if named := [name for name in how.tasks if name in judged] or (judged if len(judged) == len(known) else []):
            raise UserError(f"task {named[0]!r}: a judge scores it. To put its answers to a judge anew: --judge")
        known = {name: choice for name, choice in known.items() if name not in judged}  # keep verdicts and labels
        edited = _edited(how.tasks_from, known)
        tasks: dict[str, tuple[Resolved, TaskChoice]] = {}
        for name in how.tasks or known:
            choice = known[name].model_copy(update={"metric": how.metrics.get(name, known[name].metric)})
            tasks[name] = (resolved, choice)
            if name in edited:
                tasks[name] = (_from_folder(resolved, edited[name]), choice.as_included())
        texts = _texts(tasks, how, allow_unsafe_code)
        return cls(records, how, tasks, texts, allow_unsafe_code)

    def score(self) -> Cells:
        """Score every cell of these tasks."""
        wanted = [(system, task) for system, task in self.records.header.pairs if task in self.tasks]
        extracted = self._extracted(wanted)
        scores: Cells = {}
        for task, (resolved, choice) in self.tasks.items():
            changes = AnswerChanges(self.how.forms, extracted) if task in self.texts else None
            scorer = Scorer(resolved, choice, allow_unsafe_code=self.allow_unsafe_code, changes=changes)
            changed = (*self.how.forms, self.how.pattern) if changes is not None else ()
            self.digests[task] = scorer.loaded.version, _digest(scorer.loaded.asking_sha256, changed)
            for system in (system for system, of_task in wanted if of_task == task):
                answers = self.records.answers(system, task)
                if answers:
                    scores[system, task] = scorer.score(answers)
                    check_documents(self.records, system, task, scores[system, task])
        return scores

    def _extracted(self, cells: Iterable[tuple[str, str]]) -> Mapping[str, str] | None:
        if self.how.pattern is None:
            return None
        answers = (self.records.answers(system, task) for system, task in cells if task in self.texts)
        texts = dict.fromkeys(
            text for of_cell in answers for row in of_cell for text in row.replies if isinstance(text, str)
        )
        return first_matches(self.how.pattern, list(texts))


def _check_names(how: Rescoring, known: Mapping[str, TaskChoice]) -> None:
    for name in how.tasks:
        if name not in known:
            raise UserError(f"--task {name}: no such task in this run{nearest(name, known)}")
    for name in how.metrics:
        if name not in known:
            raise UserError(f"--metric {name}={how.metrics[name]}: no such task in this run{nearest(name, known)}")
        if how.tasks and name not in how.tasks:
            raise UserError(f"--metric {name}={how.metrics[name]}: --task leaves this task out")


def _edited(folder: Path | None, known: Mapping[str, TaskChoice]) -> dict[str, Path]:
    """Map each task of the run that a folder of task files has to the path of the folder."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise UserError(f"--tasks-from {folder}: not a folder")
    names = tasks_in(folder.resolve())
    if not set(names) & set(known):
        has = f"it has {', '.join(names[:5])}" if names else "it has none"
        raise UserError(f"--tasks-from {folder}: none of this run's tasks ({', '.join([*known][:5])}) is there; {has}")
    return {name: folder.resolve() for name in names if name in known}


def _from_folder(resolved: Resolved, folder: Path) -> Resolved:
    tasks = resolved.suite.tasks.model_copy(update={"include": [folder]})
    return replace(resolved, suite=resolved.suite.model_copy(update={"tasks": tasks}))


def _texts(tasks: Mapping[str, tuple[Resolved, TaskChoice]], how: Rescoring, allow_unsafe_code: bool) -> frozenset[str]:
    """Return the tasks whose answers are texts. Raise if answers of other tasks are to be changed."""
    if allow_unsafe_code:
        allow_model_code()
    outlines = {name: outline_task(*each) for name, each in tasks.items()}
    for name, outline in outlines.items():
        if outline is not None and outline.unsafe_code and not allow_unsafe_code:
            raise UserError(
                f"task {name!r}: it runs code that the model wrote. To allow that here, add --allow-unsafe-code"
            )
    # Of a task that is a Python class nothing can be known without running it: it may ask for texts.
    texts = frozenset(name for name, each in outlines.items() if each is None or each.request_type == GENERATE)
    rest = [name for name in tasks if name not in texts]
    if (how.forms or how.pattern is not None) and rest and (how.tasks or not texts):
        raise UserError(
            f"task {rest[0]!r}: it compares likelihoods of choices, and no texts: nothing can be changed in its answers"
        )
    return texts


def check_documents(records: RunRecords, system: str, task: str, scores: Sequence[ScoreRow]) -> None:
    """Check that the task's documents are the same as when the system answered.

    Raises:
        UserError: one is not.
    """
    hashes = {row.doc_id: row.doc_hash for row in records.scores(system, task) or []}
    for row in scores:
        if hashes.get(row.doc_id, row.doc_hash) != row.doc_hash:
            raise UserError(
                f"task {task!r}: document {row.doc_id} is not the one that {system} answered: its content has changed "
                "since. Filters and metrics of a task can change, its documents cannot"
            )


def _changes(records: RunRecords, scores: Cells) -> Iterable[ChangedScore]:
    before = _scores_before(records, scores)
    for system in dict.fromkeys(system for system, _ in scores):
        pairs = [
            (before[system, task][row.key], row.correct)
            for (of_system, task), rows in scores.items()
            if of_system == system
            for row in rows
            if row.correct is not None and row.key in before[system, task]
        ]
        yield ChangedScore(
            system,
            len(pairs),
            sum(was for was, _ in pairs),
            sum(now for _, now in pairs),
            sum(now > was for was, now in pairs),
            sum(now < was for was, now in pairs),
            _checked(records, system, [task for of_system, task in scores if of_system == system]),
        )


def _checked(records: RunRecords, system: str, tasks: Iterable[str]) -> int:
    rows = (row for task in tasks for row in records.answers(system, task))
    return sum(row.checked is not None and row.failure is None for row in rows)


def _scores_before(records: RunRecords, scores: Cells) -> Mapping[tuple[str, str], Mapping[AnswerKey, float]]:
    """Return the scores in the table of items, without those of failed answers."""
    before: dict[tuple[str, str], dict[AnswerKey, float]] = {cell: {} for cell in scores}
    for row in compared_texts(records.layout.items_table):
        cell = row["system"], row["task"]
        if cell in before and row["failure"] is None and row["correct"] is not None:
            before[cell][row["doc_id"], row["repeat"], row["offered_per_s"], row["arrivals"]] = row["correct"]
    return before


def _digest(asking_sha256: str, changed: Sequence[str | None]) -> str:
    """Return a hash of the scoring: the task's hash, combined with the changes of answers if there are any."""
    if not any(changed):
        return asking_sha256
    return hashlib.sha256(json.dumps([asking_sha256, *changed]).encode()).hexdigest()


def _header(
    records: RunRecords, how: Rescoring, digests: Digests, changes: Sequence[ChangedScore], command: Sequence[str]
) -> RunHeader:
    old = records.header
    record = {
        "from": old.run,
        "command": list(command),
        "created_utc": utc_now(),
        **how.as_record(),
        "scores": {each.system: each.as_record() for each in changes},
    }
    name = str((old.suite.get("suite") or {}).get("name", "run"))
    # Not a further session of the suite: its seconds and joules are those of the other run.
    sha256 = hashlib.sha256(json.dumps([old.suite_sha256, old.run, how.as_record()]).encode()).hexdigest()
    return replace(
        old,
        run=new_run_name(name),
        suite=_with_metrics(old.suite, how.metrics),
        suite_sha256=sha256,
        cells=[_scored_so(cell, digests) for cell in old.cells],
        night=None,
        rescored=record,
        journal=False,
    )


def _with_metrics(suite: Mapping[str, Any], metrics: Mapping[str, str]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(suite))
    if not metrics:
        return changed
    for choice in changed["suite"]["tasks"]["select"]:
        choice["metric"] = metrics.get(choice["task"], choice.get("metric"))
    return changed


def _scored_so(cell: Mapping[str, Any], digests: Digests) -> dict[str, Any]:
    if cell["task"] not in digests:
        return dict(cell)
    version, sha256 = digests[cell["task"]]
    return {**cell, "task_version": version, "task_sha256": sha256}
