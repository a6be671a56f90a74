"""`wattbench.rescore`: the recorded answers of a run, scored anew."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.api.narrowing import names_of
from wattbench.api.read import Run, read
from wattbench.errors import UserError
from wattbench.progress.notices import stdout_to_stderr
from wattbench.records import in_order, read_run
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
    out: str | os.PathLike[str] = "runs",
    allow_unsafe_code: bool = False,
) -> Run:
    """Score the recorded answers of a finished run anew, and return them as a new run. No system is asked anything.

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
        out: the folder in which the new run gets its directory.
        allow_unsafe_code: allow tasks that run code which a model wrote.

    Raises:
        UserError: the run cannot be scored anew, an argument is wrong, or the documents of a task have changed.
    """
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
        from wattbench.measure.rescore import Rescoring, rescore

        forget_task_files()
        how = Rescoring(in_order(forms), regex, tuple(tasks), dict(metrics), tasks_from)
        return rescore(records, how, out, command, allow_unsafe_code=allow_unsafe_code)
