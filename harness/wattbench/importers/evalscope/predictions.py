"""Read the predictions of evalscope: tokens and times of every sample, by its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number, whole_number
from wattbench.importers.files import mapping, read_objects, text


@dataclass(frozen=True)
class SamplePrediction:
    """What a prediction adds to a review."""

    seconds: float | None
    first_token_seconds: float | None
    prompt_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    failure: str | None
    finish_reason: str | None


def sample_number(entry: Mapping[str, Any], where: str) -> str:
    """Return the number of a line's sample, as text.

    Raises:
        UserError: it has none.
    """
    index = entry.get("index")
    if not isinstance(index, int | str) or isinstance(index, bool):
        raise UserError(f"{where}: index is {index!r:.60}; this is no line of evalscope")
    return str(index)


def read_predictions(path: Path, left_out: Counter[str]) -> dict[str, SamplePrediction]:
    """Return sample to prediction; of one that was made again, the last. Empty if there is no such file.

    Raises:
        UserError: the file is damaged.
    """
    if not path.is_file():
        return {}
    predictions: dict[str, SamplePrediction] = {}
    for where, entry in read_objects(path):
        index = sample_number(entry, where)
        left_out["predictions that were made again"] += index in predictions
        predictions[index] = _prediction(entry, where)
    return predictions


def _prediction(entry: Mapping[str, Any], where: str) -> SamplePrediction:
    output = mapping(entry.get("model_output"))
    messages = entry.get("messages")
    turns = [
        mapping(each["perf_metrics"])
        for each in (messages if isinstance(messages, list) else [])
        if mapping(each).get("role") == "assistant" and mapping(each).get("perf_metrics") is not None
    ] or [mapping(output.get("perf_metrics"))]
    usage = mapping(output.get("usage"))
    seconds = _sum([number(turn.get("latency"), "latency", where) for turn in turns])
    if seconds is None:
        seconds = number(output.get("time"), "time", where)
    single = len(turns) == 1
    return SamplePrediction(
        seconds=seconds,
        first_token_seconds=number(turns[0].get("ttft"), "ttft", where),
        prompt_tokens=_tokens(turns, usage, "input_tokens", where),
        cached_tokens=whole_number(usage.get("input_tokens_cache_read"), "input_tokens_cache_read", where)
        if single
        else None,
        cache_write_tokens=whole_number(usage.get("input_tokens_cache_write"), "input_tokens_cache_write", where)
        if single
        else None,
        output_tokens=_tokens(turns, usage, "output_tokens", where),
        reasoning_tokens=whole_number(usage.get("reasoning_tokens"), "reasoning_tokens", where) if single else None,
        failure=text(output.get("error")) or None,
        finish_reason=_stop_reason(output),
    )


def _stop_reason(output: Mapping[str, Any]) -> str | None:
    choices = output.get("choices")
    return text(mapping(choices[0]).get("stop_reason")) or None if isinstance(choices, list) and choices else None


def _tokens(turns: Sequence[Mapping[str, Any]], usage: Mapping[str, Any], name: str, where: str) -> int | None:
    counted = _sum([whole_number(turn.get(name), name, where) for turn in turns])
    return whole_number(usage.get(name), name, where) if counted is None else int(counted)


def _sum(figures: Sequence[float | None]) -> float | None:
    known = [each for each in figures if each is not None]
    return sum(known) if known and len(known) == len(figures) else None
