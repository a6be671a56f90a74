"""Make answers of the three kinds of lines that OpenJarvis writes.

Conventions of all: a figure that was not measured is 0.0, so that 0 is a missing figure (of joules, watts, first tokens
and money, as in its own statistics), and a sample that ended in an error is in no accuracy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import Answer, number, whole_number
from wattbench.importers.files import mapping, text
from wattbench.importers.stated import is_figure

Row = Mapping[str, Any]
CURRENCY = "USD"
ENDED_IN_ERROR = "samples that ended in an error"
NOT_SCORED = "samples that were not scored"
OF_AN_ANSWER = (
    "is_correct", "latency_seconds", "ttft", "prompt_tokens", "completion_tokens", "energy_joules", "cost_usd",
)  # fmt: skip
"""Figures of an evaluation's line that an answer has. The others go into its metrics."""


def kind_of(row: Row) -> str | None:
    """Return which kind a line is: ``eval``, ``hybrid`` or ``trace``; None if none."""
    if {"record_id", "benchmark", "model", "is_correct"} <= set(row):
        return "eval"
    if {"task_id", "tokens_local", "tokens_cloud"} <= set(row):
        return "hybrid"
    return "trace" if {"query_id", "workload_type", "turns"} <= set(row) else None


def eval_answer(system: str, where: str, row: Row, settings: Row, left_out: Counter[str]) -> Answer | None:
    """Return the answer of a line of ``<benchmark>_<model>.jsonl`` (`EvalRunner`); None if it was not scored."""
    if not _counts(row.get("error"), row.get("is_correct"), left_out):
        return None
    return Answer(
        where=where,
        system=system,
        task=text(row.get("benchmark")),
        item=text(row.get("record_id")),
        score=_right(row.get("is_correct"), "is_correct", where),
        seconds=_stated(row, "latency_seconds", where),
        first_token_seconds=_stated(row, "ttft", where),
        prompt_tokens=whole_number(row.get("prompt_tokens"), "prompt_tokens", where),
        output_tokens=whole_number(row.get("completion_tokens"), "completion_tokens", where),
        joules=_stated(row, "energy_joules", where),
        cost=(cost := _stated(row, "cost_usd", where)),
        currency="" if cost is None else CURRENCY,
        answer=text(row.get("model_answer")),
        metrics={
            name: value
            for name, value in row.items()
            if is_figure(value) and (value or name == "score") and name not in OF_AN_ANSWER
        },
    )


def hybrid_answer(system: str, where: str, row: Row, settings: Row, left_out: Counter[str]) -> Answer | None:
    """Return the answer of a line of a hybrid's ``results.jsonl``; None if it was not scored.

    Its tokens are sums of prompt and output, and its joules are those of the whole cell: neither is an answer's.
    """
    score = mapping(row.get("score"))
    if not _counts(row.get("error"), score.get("success"), left_out):
        return None
    counted = ("tokens_local", "tokens_cloud", "tool_calls", "n_cloud_calls", "n_local_calls", "web_search_uses")
    return Answer(
        where=where,
        system=system,
        kind="hybrid" if mapping(settings.get("local")) and mapping(settings.get("cloud")) else "",
        task=text(settings.get("bench")) or "tasks",
        item=text(row.get("task_id")),
        score=_right(score.get("success"), "score.success", where),
        seconds=_stated(row, "latency_s", where),
        cost=(cost := _stated(row, "cost_usd", where)),
        currency="" if cost is None else CURRENCY,
        answer=text(row.get("answer")),
        metrics={name: row[name] for name in counted if is_figure(row.get(name))}
        | ({"score": score["score"]} if is_figure(score.get("score")) else {}),
    )


def trace_answer(system: str, where: str, row: Row, settings: Row, left_out: Counter[str]) -> Answer | None:
    """Return the answer of a line of an agent's traces (`QueryTrace`); None if it was not scored.

    Tokens and joules are sums over its turns; joules are those of GPUs and processor together, where both are stated.
    """
    if not _counts(row.get("error"), row.get("is_resolved"), left_out):
        return None
    turns = row.get("turns")
    if not isinstance(turns, list):
        raise UserError(f"{where}: turns is of type {type(turns).__name__}, not a list")
    each = [mapping(turn) for turn in turns]
    rails = [
        _sum(each, f"{rail}_energy_joules", where) or _stated(row, f"query_{rail}_energy_joules", where)
        for rail in ("gpu", "cpu")
    ]
    known = [rail for rail in rails if rail is not None]
    prompt_tokens, output_tokens = (_sum(each, f"{side}_tokens", where) for side in ("input", "output"))
    return Answer(
        where=where,
        system=system,
        task=text(row.get("workload_type")),
        item=text(row.get("query_id")),
        score=_right(row.get("is_resolved"), "is_resolved", where),
        seconds=_stated(row, "total_wall_clock_s", where),
        prompt_tokens=whole_number(prompt_tokens, "input_tokens", where),
        output_tokens=whole_number(output_tokens, "output_tokens", where),
        joules=sum(known) if known else None,
        cost=(cost := _sum(each, "cost_usd", where)),
        currency="" if cost is None else CURRENCY,
        prompt=text(row.get("query_text")),
        answer=text(row.get("response_text")),
        metrics={"turns": len(each)},
    )


ANSWERS: Mapping[str, Callable[[str, str, Row, Row, Counter[str]], Answer | None]] = {
    "eval": eval_answer,
    "hybrid": hybrid_answer,
    "trace": trace_answer,
}


def _counts(error: Any, right: Any, left_out: Counter[str]) -> bool:
    """Return whether a line is in the tool's own accuracy, and count it if not."""
    if error:
        left_out[ENDED_IN_ERROR] += 1
    elif right is None:
        left_out[NOT_SCORED] += 1
    return not error and right is not None


def _right(value: Any, what: str, where: str) -> float:
    if not isinstance(value, bool):
        raise UserError(f"{where}: {what} is {value!r:.60}: it must be true or false")
    return float(value)


def _stated(row: Row, name: str, where: str) -> float | None:
    """Return a figure; None for 0, which means that it was not measured."""
    return number(row.get(name), name, where) or None


def _sum(turns: Sequence[Row], name: str, where: str) -> float | None:
    figures = [number(turn.get(name), name, where) for turn in turns]
    return sum(figure for figure in figures if figure is not None) or None
