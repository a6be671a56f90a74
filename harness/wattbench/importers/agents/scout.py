"""Read transcripts of inspect_scout: its databases, and through its sources what other tools leave on disk.

Source: `inspect_scout` 0.6 (MIT), an extra (``wattbench[inspect]``). One adapter: whatever scout has a source for
(Claude Code, LangSmith, Logfire, Phoenix, Weave) comes as transcripts, of which each is an attempt and each event of a
model a call, those of sub-agents included. A database is the folder that scout's ``transcripts_db`` writes; logs of
Claude Code (``<session>.jsonl``) are read in place, as they need no service.

`ModelUsage` does not count cached tokens in `input_tokens`: they are added. An event whose response was a repetition
from inspect_ai's own cache called no model. A call that scout could not read a usage of has no tokens. Scores are
`score`, as a number or ``C`` and ``I``, else `success`; where some of a system's transcripts have one, those without
have 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError, as_message, require
from wattbench.importers.agents.attempts import (
    AgentAttempt,
    Attempts,
    begins_with,
    files_below,
    first_text,
    model_call,
    moment,
    named,
)
from wattbench.importers.answer import Answer, number
from wattbench.importers.files import MAX_OBJECT_BYTES
from wattbench.importers.imported import Format, ImportDraft
from wattbench.records.files.regular_file import open_regular
from wattbench.records.rows.answers import Ended
from wattbench.records.rows.calls import CallRow
from wattbench.tasks.inspect_task.scores import LETTERS

TASK = "sessions"
COLUMNS = ("transcript_id", "source_type")
_UNSCORED = "transcripts without a score, which count as not solved"
_REPEATED = "answers that inspect_ai repeated from its cache, and no model gave"


def _looks_like_database(source: Path) -> bool:
    if not source.is_dir():
        return False
    first = next(iter(files_below(source, "*.parquet")), None)
    return first is not None and _is_of_scout(first)


def _is_of_scout(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return set(COLUMNS) <= set(pq.read_schema(file).names)
    except (OSError, pa.ArrowException):
        return False


def _looks_like_claude_code(source: Path) -> bool:
    paths = files_below(source, "*.jsonl") if source.is_dir() else [source]
    return any(path.suffix == ".jsonl" and begins_with(path, "sessionId", "parentUuid", "uuid") for path in paths[:50])


def _read_database(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    for source in sources:
        draft.files += files_below(source, "*.parquet") if source.is_dir() else [source]
        yield from _answers(source, draft, "a database of inspect_scout", _of_database)


def _read_claude_code(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    for source in sources:
        paths = files_below(source, "*.jsonl") if source.is_dir() else [source]
        large = next((path for path in paths if path.stat().st_size > MAX_OBJECT_BYTES), None)
        if large is not None:
            raise UserError(f"{large}: the file is larger than {MAX_OBJECT_BYTES:,} bytes")
        draft.files += paths
        yield from _answers(source, draft, "logs of Claude Code", _of_claude_code)


async def _of_database(source: Path) -> AsyncIterator[Any]:
    from inspect_scout import TranscriptContent, transcripts_from

    wanted = TranscriptContent(messages="all", events=["model"])
    async with transcripts_from(str(source)).reader() as reader:
        async for info in reader.index():
            yield await reader.read(info, wanted)


async def _of_claude_code(source: Path) -> AsyncIterator[Any]:
    from inspect_scout.sources import claude_code

    async for transcript in claude_code(source):
        yield transcript


def _answers(source: Path, draft: ImportDraft, what: str, read: Any) -> Iterator[Answer]:
    """Yield an answer per transcript of a source."""
    require("inspect_scout", extra="inspect", what=f"{source}: reading {what}")
    attempts: list[AgentAttempt] = []

    async def collect() -> None:
        async for transcript in read(source):
            attempts.append(_attempt(transcript, f"{source}: transcript {len(attempts) + 1}", draft))

    try:
        asyncio.run(collect())
    except UserError:
        raise
    except Exception as error:  # inspect_scout documents none: pydantic's, duckdb's, its own
        raise UserError(f"{source}: inspect_scout cannot read it ({as_message(str(error))[:200]})") from error
    if not attempts:
        raise UserError(f"{source}: it has no transcripts")
    scored = {each.system for each in attempts if each.score is not None}
    kept = Attempts(draft)
    for each in attempts:
        unscored = each.score is None and each.system in scored
        draft.left_out[_UNSCORED] += unscored
        yield kept.answer(replace(each, score=0.0) if unscored else each)


def _attempt(transcript: Any, where: str, draft: ImportDraft) -> AgentAttempt:
    model, agent = first_text(transcript.model), first_text(transcript.agent)
    system = named(f"{agent} {model}".strip(), "agent")
    draft.add_system(
        system, None, engine=first_text(transcript.source_type) or "inspect_scout", model=model, agent=agent
    )
    events = [event for event in transcript.events if getattr(event, "event", None) == "model"]
    fresh = [event for event in events if event.cache != "read"]
    draft.left_out[_REPEATED] += len(events) - len(fresh)
    calls = [_call(event, f"{where}: call {position + 1}", draft) for position, event in enumerate(_once(fresh))]
    started_s = min((call.started_s for call in calls if call.started_s), default=None)
    score = _score(transcript, where, draft)
    failure, limit = first_text(transcript.error), first_text(transcript.limit)
    solved = score is not None and score >= 1
    ended: Ended = "answered"
    if not solved and (failure or limit):
        ended = "limit" if limit and not failure else "agent" if calls else "harness"
    messages = [message for message in transcript.messages if message.role == "assistant"]
    return AgentAttempt(
        where=where,
        system=system,
        task=named(transcript.task_set, TASK),
        item=named(transcript.task_id, named(transcript.transcript_id, "session")),
        session=transcript.transcript_id,
        calls=calls,
        call_count=len(calls),
        cost=_cost(fresh),
        score=score,
        started_s=moment(transcript.date, "date", where) if started_s is None else started_s,
        seconds=number(transcript.total_time, "total_time", where),
        ended=ended,
        failure=None if ended == "answered" else failure or f"over its limit of {limit}",
        prompt=next((each.text for each in transcript.messages if each.role == "user"), "")
        if transcript.task_id
        else "",
        answer=messages[-1].text if messages else "",
        metrics={"score": transcript.score} if isinstance(transcript.score, int | float | str) else {},
    )


def _once(events: Sequence[Any]) -> Iterator[Any]:
    """Yield each event of a model once: scout's sources give what a sub-agent did in several places."""
    known: set[tuple[str, str]] = set()
    for event in events:
        message = event.output.choices[0].message if event.output.choices else None
        identity = first_text(getattr(message, "id", None)), str(event.timestamp)
        if identity[0] and identity in known:
            continue
        known.add(identity)
        yield event


def _call(event: Any, where: str, draft: ImportDraft) -> CallRow:
    usage, choices = event.output.usage, event.output.choices
    counts: dict[str, Any] = {}
    if usage is not None:
        apart = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
        counts = {
            "prompt_tokens": usage.input_tokens + apart,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.input_tokens_cache_read,
            "cache_write_tokens": usage.input_tokens_cache_write,
            "reasoning_tokens": usage.reasoning_tokens,
        }
    started_s, finished_s = event.timestamp.timestamp(), event.completed
    return model_call(
        where,
        counts,
        draft,
        model=first_text(event.output.model, event.model),
        model_asked=first_text(event.model),
        started_s=max(started_s, 0.0),
        finished_s=max(finished_s.timestamp(), started_s, 0.0) if finished_s is not None else None,
        finish_reason=choices[0].stop_reason if choices else None,
        tool_calls=len(choices[0].message.tool_calls or ()) if choices else None,
        cost=None if usage is None else usage.total_cost,
        error=None if event.error is None else as_message(str(event.error)),
    )


def _cost(events: Sequence[Any]) -> float | None:
    each = [None if event.output.usage is None else event.output.usage.total_cost for event in events]
    return sum(cost for cost in each if cost is not None) if each and None not in each else None


def _score(transcript: Any, where: str, draft: ImportDraft) -> float | None:
    score = transcript.score
    if isinstance(score, str) and score in LETTERS:
        return LETTERS[score]
    if isinstance(score, bool | int | float):
        return draft.share(float(score), "score", where, "a range with --score-range")
    return None if transcript.success is None else float(transcript.success)


SCOUT = Format(
    "scout", _looks_like_database, _read_database, needs="a folder of Parquet with transcript_id and source_type"
)
CLAUDE_CODE = Format(
    "claude-code", _looks_like_claude_code, _read_claude_code, needs="a .jsonl with sessionId, uuid and parentUuid"
)
