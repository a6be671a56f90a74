"""What services call their counts of tokens, and what is no count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wattbench.network.allowance import StreamError
from wattbench.systems.endpoint.completion_stream import Assembly, read_chunk
from wattbench.systems.endpoint.usage import Usage, read_usage


def counts(prompt: int = 100, output: int = 20, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": output, **more}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, Usage()),
        (counts(), Usage(100, 20)),
        (counts(prompt_tokens_details={"cached_tokens": 64}), Usage(100, 20, 64)),
        (counts(prompt_tokens_details={"cached_tokens": 0}), Usage(100, 20, 0)),
        (counts(prompt_tokens_details=None, completion_tokens_details=None), Usage(100, 20)),
        (counts(completion_tokens_details={"reasoning_tokens": 15}), Usage(100, 20, None, 15)),
        (counts(prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36), Usage(100, 20, 64)),
        (counts(cached_tokens=7), Usage(100, 20, 7)),
        (
            counts(prompt_tokens_details={"cached_tokens": 10, "cache_write_tokens": 90}),
            Usage(100, 20, 10, None, 90),
        ),
    ],
)
def test_the_names_of_services(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage(usage) == expected


def test_what_a_gateway_counts_apart_from_the_prompt_is_added_to_it() -> None:
    """The total says so, or the parts do not fit in; a gateway that counts them within the prompt is taken as it is."""
    parts = {"cache_read_input_tokens": 60, "cache_creation_input_tokens": 30}
    assert read_usage(counts(10, 5, total_tokens=105, **parts)) == Usage(100, 5, 60, None, 30)
    assert read_usage(counts(10, 5, **parts)) == Usage(100, 5, 60, None, 30)
    assert read_usage(counts(100, 5, total_tokens=105, **parts)) == Usage(100, 5, 60, None, 30)
    assert read_usage(counts(100, 5, **parts)) == Usage(100, 5, 60, None, 30)


def test_reasoning_that_is_counted_apart_from_the_output_is_added_to_it() -> None:
    thoughts = {"completion_tokens_details": {"reasoning_tokens": 50}}
    assert read_usage(counts(10, 5, total_tokens=65, **thoughts)) == Usage(10, 55, None, 50)
    assert read_usage(counts(10, 55, total_tokens=65, **thoughts)) == Usage(10, 55, None, 50)
    assert read_usage(counts(10, 5, **thoughts)) == Usage(10, 55, None, 50)


@pytest.mark.parametrize("wrong", [-1, 1 << 31, 10**30, float("nan"), float("inf"), 3.5, "7", True, [3], {}])
@pytest.mark.parametrize(
    "named",
    [
        lambda wrong: {"prompt_tokens": wrong},
        lambda wrong: counts(total_tokens=wrong),
        lambda wrong: counts(prompt_tokens_details={"cached_tokens": wrong}),
        lambda wrong: counts(prompt_cache_hit_tokens=wrong),
        lambda wrong: counts(cache_creation_input_tokens=wrong),
        lambda wrong: counts(completion_tokens_details={"reasoning_tokens": wrong}),
    ],
)
def test_what_is_no_count_is_refused(wrong: Any, named: Any) -> None:
    with pytest.raises(StreamError, match=r"is not a count|not int"):
        read_chunk(json.dumps({"choices": [], "usage": named(wrong)}))


@pytest.mark.parametrize(
    ("usage", "says"),
    [
        (counts(3, 1, prompt_tokens_details={"cached_tokens": 9}), "9 cached tokens of 3 prompt tokens"),
        (
            counts(9, 1, prompt_tokens_details={"cached_tokens": 6, "cache_write_tokens": 6}),
            "12 cached tokens of 9 prompt",
        ),
        (
            counts(3, 1, total_tokens=4, completion_tokens_details={"reasoning_tokens": 7}),
            "7 reasoning tokens of 1 completion tokens",
        ),
    ],
)
def test_a_part_larger_than_its_whole_is_refused(usage: dict[str, Any], says: str) -> None:
    with pytest.raises(StreamError, match=says):
        read_usage(usage)


def test_the_counts_of_groq_are_under_a_key_of_their_own() -> None:
    chunk = read_chunk(json.dumps({"choices": [], "x_groq": {"id": "x", "usage": counts()}}))
    assert chunk.usage == Usage(100, 20)


@pytest.mark.parametrize("empty", [{}, None])
def test_a_usage_without_counts_does_not_undo_those_before(empty: object) -> None:
    assembly = Assembly()
    for usage in (counts(), empty):
        assembly.add(json.dumps({"choices": [], "usage": usage}), 1.0)
    assert assembly.completion().usage == Usage(100, 20)


def test_content_in_parts_is_answer_and_thoughts() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "4"}]
    chunk = read_chunk(json.dumps({"choices": [{"delta": {"content": content}}]}))
    assert (chunk.text, chunk.thought) == ("4", "hm")
    for damaged in ([3], [{"type": "text", "text": 4}], [{"type": "thinking", "thinking": "x"}]):
        with pytest.raises(StreamError):
            read_chunk(json.dumps({"choices": [{"delta": {"content": damaged}}]}))
