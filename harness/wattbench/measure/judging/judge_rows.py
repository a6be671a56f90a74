"""Build the records of what scores the answers to each judged task."""

from __future__ import annotations

from dataclasses import asdict

from wattbench.config import Resolved
from wattbench.config.judged import JudgedBy
from wattbench.measure.judging.questions import judged_tasks
from wattbench.records import RunRecords, RunWriter, SystemRow
from wattbench.records.rows.judgements import JudgeRow
from wattbench.tasks.judged.prompt import PROMPT_VERSION
from wattbench.tasks.judged.rubric import rubric_text


def judge_row(task: str, judged: JudgedBy, loaded: SystemRow | None) -> JudgeRow:
    """Build the record of what scores a task.

    Args:
        task: its name.
        judged: how a judge scores it.
        loaded: what the judge is; None: it was not loaded.
    """
    return JudgeRow(
        judge=judged.judge,
        task=task,
        scale=judged.scale,
        rubric=rubric_text(judged),
        against=judged.against,
        prompt_version=PROMPT_VERSION,
        facts={} if loaded is None else asdict(loaded),
    )


def record_judges(resolved: Resolved, records: RunRecords, writer: RunWriter) -> None:
    """Record the judges of a run that does not ask them: of a gate in alternation, or of the blocks of a stopped run.

    Its answers to judged tasks are then not judged, and not without scores for no reason.
    """
    known = records.judges()
    for choice in judged_tasks(resolved):
        if choice.judged is not None and choice.task not in known:
            writer.append_judge(judge_row(choice.task, choice.judged, None))
