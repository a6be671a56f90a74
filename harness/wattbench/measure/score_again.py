"""Score the recorded answers of a run again, and compare the scores with the recorded ones. No system is asked.

Only what loads and scores by wattbench's and lm-eval's own code, from files of this machine, is scored: a record may be
a stranger's, and names the files by which its tasks are loaded.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.config import Resolved, TaskChoice, tasks_from_record
from wattbench.errors import UserError
from wattbench.measure.scorer import Scorer
from wattbench.records import RunRecords, ScoreRow
from wattbench.tasks.loading import allow_model_code, check_task_files, code_of_task, outline_task, reason
from wattbench.tasks.scoring import generators_kept

_ALLOW_CODE = "allow with --run-code"
_FETCHED = f"its documents may have to be fetched; {_ALLOW_CODE}"
_ALLOW_MODEL_CODE = "it runs code that a model wrote; allow with --allow-unsafe-code"

_MOST_FILES = 20_000
"""In a folder of task files: lm-eval's own has 15,500. A record may name any folder, which is looked through."""


@dataclass(frozen=True)
class ScoredAgain:
    """The result of scoring the answers of a run again."""

    answers: int
    """How many were scored."""
    differences: tuple[str, ...]
    """A sentence for each answer whose score is not the recorded one."""
    left_out: Mapping[str, str]
    """Task to why its answers, or some of them, were not scored; with the empty text: why none was."""


def score_again(records: RunRecords, *, run_code: bool = False, allow_unsafe_code: bool = False) -> ScoredAgain:
    """Score the answers of a run again.

    Args:
        records: of a finished run; of a gate: of its complete rounds.
        run_code: whether tasks may run code of their files, and fetch their documents.
        allow_unsafe_code: whether they may run code that a model wrote.
    """
    if records.header.imported is not None:
        return ScoredAgain(0, (), {"": "another tool gave them"})
    if records.header.metered is not None:
        return ScoredAgain(0, (), {"": "sessions of a metered program are not scored"})
    if records.header.rescored is not None:
        return ScoredAgain(0, (), {"": "they were given by rescore, and not as the suite has it"})
    try:
        resolved = tasks_from_record(records.header.suite)
    except UserError as error:
        return ScoredAgain(0, (), {"": str(error)})
    if allow_unsafe_code:
        allow_model_code()
    answers, differences, left_out = 0, list[str](), dict[str, str]()
    choices = {choice.task: choice for choice in resolved.tasks}
    for task in records.header.tasks:
        try:
            scorer = _scorer(resolved, choices, task, run_code, allow_unsafe_code)
            for system in (name for name, of_task in records.header.pairs if of_task == task):
                scored = _scored(scorer, records, system, task)
                differences += _differences(records, system, task, scored)
                answers += len(scored)
        except _NotScoredError as error:
            left_out[task] = str(error)
    return ScoredAgain(answers, tuple(differences), left_out)


class _NotScoredError(Exception):
    """A task's answers cannot be scored again; the message says why."""


def _scorer(
    resolved: Resolved, choices: Mapping[str, TaskChoice], task: str, run_code: bool, allow_unsafe_code: bool
) -> Scorer:
    """Load a task, unless that would run code or fetch documents without permission."""
    try:
        choice = choices[task]
        if not run_code and choice.source == "lm_eval":  # to look into all of lm-eval's tasks takes many seconds
            raise _NotScoredError(_FETCHED)
        _check_folders(resolved.suite.tasks.include)
        outline = outline_task(resolved, choice)
        if not run_code and (outline is None or code_of_task(resolved, choice).a_strangers):
            raise _NotScoredError(f"it runs code of its file; {_ALLOW_CODE}")
        if not run_code and choice.graded is not None:
            raise _NotScoredError(f"a function of the suite grades them; {_ALLOW_CODE}")
        if not run_code and outline is not None and not outline.local:
            raise _NotScoredError(_FETCHED)
        if not allow_unsafe_code and outline is not None and outline.unsafe_code:
            raise _NotScoredError(_ALLOW_MODEL_CODE)
        scorer = Scorer(resolved, choice, allow_unsafe_code=allow_unsafe_code)
    except KeyError:
        raise _NotScoredError("the suite in the record does not have it") from None
    except UserError as error:
        raise _NotScoredError(str(error)) from error
    if not allow_unsafe_code and scorer.loaded.outline.unsafe_code:  # of a class this is known only now
        raise _NotScoredError(_ALLOW_MODEL_CODE)
    return scorer


def _check_folders(folders: Iterable[Path]) -> None:
    """Check that folders of task files can be searched in bounded time."""
    try:
        for folder in folders:
            check_task_files(folder, _MOST_FILES)
    except UserError as error:
        raise _NotScoredError(f"{error}, and its suite includes it") from error


def _scored(scorer: Scorer, records: RunRecords, system: str, task: str) -> Sequence[ScoreRow]:
    """Score the answers of a cell, if its documents and its scoring have not changed since the run."""
    cell = next(each for each in records.header.cells if (each["system"], each["task"]) == (system, task))
    if cell.get("task_sha256", scorer.loaded.asking_sha256) not in ("", scorer.loaded.asking_sha256):
        raise _NotScoredError("its settings, or lm-eval's, are not those of the run any more")
    hashes = {row.doc_id: row.doc_hash for row in records.scores(system, task) or []}
    try:
        with generators_kept(), contextlib.redirect_stderr(io.StringIO()):  # lm-eval has progress bars of its own
            scored = scorer.score([row for row in records.answers(system, task) if row.doc_id in hashes])
    except IndexError:
        raise _NotScoredError("documents of it are gone") from None
    except Exception as error:  # of others' code, from answers that may be anything
        raise _NotScoredError(f"its answers cannot be scored: {reason(error)}") from error
    changed = {row.doc_id for row in scored if row.doc_hash != hashes[row.doc_id]}
    if changed:
        raise _NotScoredError(f"{len(changed)} of its {len(hashes)} documents have changed")
    return scored


def _differences(records: RunRecords, system: str, task: str, scored: Sequence[ScoreRow]) -> Iterator[str]:
    name = records.layout.name_of(records.layout.scores(system, task))
    now = {row.key: row for row in scored}
    for row in records.scores(system, task) or []:
        again = now.get(row.key)
        if again is None:  # what has no answer is found between the lines
            continue
        document = f"{name}: document {row.doc_id}" + (f", repeat {row.repeat}," if row.repeat else "")
        if row.correct != again.correct:
            yield f"{document} is scored {row.correct:g}, and its answer scores {again.correct:g}"
        elif row.filtered != again.filtered:
            yield f"{document} is scored for {row.filtered!r:.60}, and its answer says {again.filtered!r:.60}"
