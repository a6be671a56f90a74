"""`wattbench.rescore`: the recorded answers of a run, scored anew."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.loaded_suite import recorded_suite, spending_at_most
from wattbench.api.narrowing import names_of, seconds_to_wait
from wattbench.api.read import Run, read
from wattbench.api.session import meters_here
from wattbench.api.suite_runs import HowToRun, run_resumed, writer_to_resume
from wattbench.config import load_suite, resolved_from_record, tasks_from_record, with_secrets
from wattbench.errors import UserError
from wattbench.measure.plan import plan
from wattbench.measure.resume import check_same_work
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.records import RunRecords, in_order, read_run
from wattbench.records.copies import copy_to_retry
from wattbench.records.rows.header import new_run_name
from wattbench.tasks.loading import forget_task_files, quiet_lm_eval

if TYPE_CHECKING:
    from wattbench.measure.rescore import ChangedScore


def rescore(
    run: str | os.PathLike[str],
    *,
    strip: bool = False,
    lower: bool = False,
    punctuation: bool = False,
    first_line: bool = False,
    regex: str | None = None,
    tasks: Sequence[str] = (),
    metrics: Mapping[str, str] | None = None,
    tasks_from: str | os.PathLike[str] | None = None,
    judge: str | bool = False,
    suite: str | os.PathLike[str] | None = None,
    max_cost: str | None = None,
    wait: bool | float = False,
    out: str | os.PathLike[str] = "runs",
    allow_unsafe_code: bool = False,
) -> Run:
    """Score the recorded answers of a finished run anew, and return them as a new run. No system is asked anything.

    With `judge` they are put to a judge anew, whose joules, seconds and money are in the new run. If that is
    interrupted, ``wattbench.run(resume=...)`` finishes it.

    Args:
        run: its directory, or what `wattbench.read` returns.
        strip: leave out blanks at both ends of answers and targets.
        lower: lower-case both.
        punctuation: leave out quotes, brackets, emphasis and full stops at both ends of both.
        first_line: compare the first line of an answer that is not blank.
        regex: what to extract of an answer, in place of the tasks' filters: the first match, or its first group.
        tasks: only these tasks; the others keep their scores.
        metrics: task to its metric of correctness: ``{"gsm8k": "exact_match,flexible-extract"}``.
        tasks_from: a folder of lm-eval task files, to score the tasks in it by.
        judge: True: by the judges, rubrics and scales that the run's suite file names now; or one of its judges or
            systems, for all judged tasks. Nothing above but `tasks` goes with it.
        suite: with `judge`: the suite that names them, in place of the run's own file.
        max_cost: with `judge`: the most that it may spend, such as ``"5 USD"``.
        wait: with `judge`: wait while another run measures on this machine; or for how many seconds at most.
        out: the folder in which the new run gets its directory.
        allow_unsafe_code: allow tasks that run code which a model wrote.

    Raises:
        UserError: the run cannot be scored anew, an argument is wrong, or the documents of a task have changed; with
            `judge`, also as `wattbench.run`.
    """
    if judge:
        if strip or lower or punctuation or first_line or regex is not None or metrics or tasks_from is not None:
            raise UserError("a judge reads whole answers: of the other arguments only tasks goes with judge")
        root, *_ = judged_anew(
            Path(run),
            Path(out),
            ["wattbench.rescore", os.fspath(run), f"judge={judge}"],
            judge=None if judge is True else judge,
            suite=None if suite is None else Path(suite),
            tasks=names_of(tasks, "tasks"),
            max_cost=max_cost,
            wait_s=seconds_to_wait(wait),
            allow_unsafe_code=allow_unsafe_code,
        )
        return read(root)
    if suite is not None or max_cost is not None or wait:
        raise UserError("suite, max_cost and wait go with judge")
    forms = {"strip": strip, "lower": lower, "punctuation": punctuation, "first-line": first_line}
    root, _ = rescored_run(
        Path(run),
        Path(out),
        ["wattbench.rescore", os.fspath(run)],
        forms=[name for name, chosen in forms.items() if chosen],
        regex=regex,
        tasks=names_of(tasks, "tasks"),
        metrics=dict(metrics or {}),
        tasks_from=None if tasks_from is None else Path(tasks_from),
        allow_unsafe_code=allow_unsafe_code,
    )
    return read(root)


def judged_anew(
    run: Path,
    out: Path,
    command: Sequence[str],
    *,
    judge: str | None,
    suite: Path | None,
    tasks: Sequence[str],
    max_cost: str | None,
    wait_s: float,
    allow_unsafe_code: bool,
) -> tuple[Path, tuple[ChangedScore, ...]]:
    """Return the directory of a copy of a run that is judged anew, and what changed by system.

    Args:
        run: a finished run, which stays as it is.
        out: the folder in which the new run gets its directory.
        command: how this was started, for the record.
        judge: one of the suite's judges or systems, for all judged tasks; None: those that it names.
        suite: that says how to judge; None: the file of the run's suite, as it is now.
        tasks: only these; empty: all that the suite names a judge for.
        max_cost: the most that may be spent; None: as the suite says.
        wait_s: how long to wait for another measurement to end.
        allow_unsafe_code: whether tasks may run code that a model wrote.

    Raises:
        UserError: as `rescore`.
    """
    records = read_run(run)
    with stdout_to_stderr():
        quiet_lm_eval()
        from wattbench.measure.judging.judge_again import (
            changed_opinions,
            copy_to_judge_anew,
            header_to_judge,
            suite_to_judge_by,
        )
        from wattbench.measure.rescore import check_run

        forget_task_files()
        check_run(records)
        if records.header.imported is not None:
            raise UserError(f"{run}: another tool asked these items, and the record has no task to judge them by")
        source = load_suite(str(suite or records.header.suite.get("path")), judge=judge)
        recorded = resolved_from_record(with_secrets(records.header.suite))
        resolved, names = suite_to_judge_by(records, recorded, spending_at_most(source, max_cost), tasks)
        chosen = meters_here(resolved.suite, resolved.with_judges)
        cells = plan(resolved, allow_unsafe_code=allow_unsafe_code)
        header = header_to_judge(records, resolved, cells, names, command)
        try:
            check_same_work(replace(records, header=header), cells, chosen.provenance)
        except UserError as error:
            raise UserError(f"its answers cannot be judged here: {error}") from error
        copied = copy_to_judge_anew(records, header, resolved, names, out, allow_unsafe_code=allow_unsafe_code)
        notice(f"wattbench: {run} stays as it is; its answers to {', '.join(names)} are judged in {copied.root}")
        if copied.labels_left:
            notice(
                f"wattbench: {copied.labels_left:,} labels are left behind: they were given by another rubric or scale"
            )
        run_resumed(copied.root, HowToRun(command=command, allow_unsafe_code=allow_unsafe_code, wait_s=wait_s))
        return copied.root, changed_opinions(records, read_run(copied.root), names)


def rescored_run(
    run: Path,
    out: Path,
    command: Sequence[str],
    *,
    forms: Sequence[str],
    regex: str | None,
    tasks: Sequence[str],
    metrics: Mapping[str, str],
    tasks_from: Path | None,
    allow_unsafe_code: bool,
) -> tuple[Path, tuple[ChangedScore, ...]]:
    """Return the directory of the new run, and what changed by system. The arguments are those of `rescore`."""
    records = read_run(run)
    if regex == "":
        raise UserError("--regex: an empty pattern extracts nothing")
    with stdout_to_stderr():
        quiet_lm_eval()  # before anything else imports it
        if not (records.finished or forms or regex or tasks or metrics or tasks_from):
            copied = _graded_by_mended_code(records, out, command, allow_unsafe_code)
            if copied is not None:
                return copied, ()
        from wattbench.measure.rescore import Rescoring, rescore

        forget_task_files()
        how = Rescoring(in_order(forms), regex, tuple(tasks), dict(metrics), tasks_from)
        return rescore(records, how, out, command, allow_unsafe_code=allow_unsafe_code)


def _graded_by_mended_code(
    records: RunRecords, out: Path, command: Sequence[str], allow_unsafe_code: bool
) -> Path | None:
    """Copy a run that ended as a grading function failed, finish the copy by the function as it is now, and return it.

    Returns:
        None: no function of the run's suite has changed.

    Raises:
        UserError: another process is writing the run, or it cannot be finished here.
    """
    header, root = records.header, records.layout.root
    graded = {choice.task for choice in tasks_from_record(header.suite).tasks if choice.graded is not None}
    if not graded or header.gate is not None or header.metered is not None or header.shard is not None:
        return None
    cells = plan(recorded_suite(records), allow_unsafe_code=allow_unsafe_code)
    now = {cell.choice.task: cell.task_sha256 for cell in cells if cell.choice.task in graded}
    changed = [cell for cell in header.cells if now.get(cell["task"], cell["task_sha256"]) != cell["task_sha256"]]
    if not changed:
        return None
    header = replace(
        header,
        run=new_run_name(str(header.suite["suite"]["name"])),
        command=list(command),
        cells=[{**cell, "task_sha256": now[cell["task"]]} if cell in changed else cell for cell in header.cells],
        journal=True,
    )
    scored = [records.layout.scores(cell["system"], cell["task"]) for cell in changed]
    with writer_to_resume(root):  # no other process may go on with it meanwhile
        copied = copy_to_retry(records.layout, out, header, without=scored)
    notice(f"wattbench: {root} stays as it is; its answers are scored by the function as it is now in {copied}")
    return run_resumed(copied, HowToRun(command=command, allow_unsafe_code=allow_unsafe_code))
