"""Read the requests of a benchmark of vLLM or SGLang: lists of equal length, one entry per request, in the order sent.

Conventions of both: times are in seconds, a request that failed has 0 in the position of its times and tokens, and no
prompt is stored. The order is that of the data set, so that two results of one data set and seed have the same prompts
at the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.chunk_times import chunk_ends, chunk_gaps
from wattbench.importers.files import digest, text
from wattbench.records.rows.field_checks import LARGEST_NUMBER

TASK = "requests"
LISTS = (
    "input_lens", "output_lens", "ttfts", "itls", "latencies", "start_times", "queue_times", "generated_texts",
    "errors", "cached_tokens",
)  # fmt: skip
"""Any may be missing; without `ttfts` and `output_lens` the result has totals alone."""


def has_requests(result: Mapping[str, Any]) -> bool:
    """Return whether a result lists its requests: it was made with ``--save-detailed`` or ``--output-details``."""
    return result.get("ttfts") is not None and result.get("output_lens") is not None


def answers(system: str, result: Mapping[str, Any], where: str) -> Iterator[Answer]:
    """Yield the answers of a result that lists its requests.

    Args:
        system: whose they are.
        result: as parsed.
        where: the file and the line.

    Raises:
        UserError: a list is none, has another length than the others, or has an impossible figure.
    """
    lists = _lists(result, where)
    started = _started(lists, where)
    for position in range(len(lists["ttfts"])):
        each = {name: values[position] for name, values in lists.items()}
        yield _answer(
            system, position, each, None if started is None else started[position], f"{where}: request {position}"
        )


def _lists(result: Mapping[str, Any], where: str) -> dict[str, Sequence[Any]]:
    lists = {name: result[name] for name in LISTS if result.get(name) is not None}
    rate = result.get("request_rate")
    if not isinstance(rate, int | float) or not 0 <= rate <= LARGEST_NUMBER:
        lists.pop("queue_times", None)  # nothing is due at a time: each request is sent once another ends
    for name, values in lists.items():
        if not isinstance(values, list):
            raise UserError(f"{where}: {name} is of type {type(values).__name__}, not a list")
    for name, values in lists.items():
        if len(values) != len(lists["ttfts"]):
            raise UserError(
                f"{where}: {name} has {len(values):,} entries and ttfts {len(lists['ttfts']):,}; the file is damaged"
            )
    return lists


def _started(lists: Mapping[str, Sequence[Any]], where: str) -> list[float | None] | None:
    """Return when each request was sent, in seconds after the first: the clock of the source has no date."""
    if "start_times" not in lists:
        return None
    times = [number(each, "a start time", where) or None for each in lists["start_times"]]
    first = min((each for each in times if each is not None), default=0.0)
    return [None if each is None else each - first for each in times]


def _answer(system: str, position: int, each: Mapping[str, Any], started_s: float | None, where: str) -> Answer:
    first = number(each["ttfts"], "ttft", where) or None  # 0: it failed, or was not streamed
    gaps = [] if each.get("itls") is None else chunk_gaps(each["itls"], "its itl", where)
    seconds = number(each.get("latencies"), "latency", where) or None
    if seconds is None and first is not None:
        seconds = first + sum(gaps)
    output_tokens = whole_number(each["output_lens"], "output_len", where)
    waited_s = number(each.get("queue_times"), "queue time", where)
    error = text(each.get("errors"))
    failed = bool(error) or (seconds is None and not output_tokens)
    prompt_tokens = whole_number(each.get("input_lens"), "input_len", where)
    return Answer(
        where=where,
        system=system,
        task=TASK,
        item=str(position),
        scheduled_s=None if waited_s is None or started_s is None else started_s - waited_s,
        started_s=started_s,
        seconds=None if failed else seconds,
        first_token_seconds=None if failed else first,
        token_seconds=() if first is None or failed else chunk_ends(first, gaps, seconds),
        prompt_tokens=prompt_tokens,
        cached_tokens=whole_number(each.get("cached_tokens"), "cached_tokens", where),
        output_tokens=None if failed else output_tokens,
        failure=(error or "failed") if failed else None,
        doc_hash=digest(str(position), str(prompt_tokens)),
        answer=text(each.get("generated_texts")),
    )
