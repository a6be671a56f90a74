"""What services call their counts of tokens, and what is no count."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from wattbench.gateways.token_usage import Usage, read_usage
from wattbench.network.connection import StreamError
from wattbench.records.rows.answers import TokenCounts
from wattbench.systems.endpoint.completion_stream import Assembly, read_chunk
from wattbench.systems.endpoint.request import EndpointRequest
from wattbench.systems.endpoint.usage import Shown, plausible


def of(*counts: int | None, left_out: str | None = None) -> Usage:
    """Return counts in the order of the fields: prompt, output, cached, reasoning, written."""
    names = (each.name for each in fields(TokenCounts))
    return Usage(**dict(zip(names, counts, strict=False)), left_out=left_out)


def counts(prompt: int = 100, output: int = 20, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": output, **more}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, of()),
        (counts(), of(100, 20)),
        (counts(prompt_tokens_details={"cached_tokens": 64}), of(100, 20, 64)),
        (counts(prompt_tokens_details={"cached_tokens": 0}), of(100, 20, 0)),
        (counts(prompt_tokens_details=None, completion_tokens_details=None), of(100, 20)),
        (counts(completion_tokens_details={"reasoning_tokens": 15}), of(100, 20, None, 15)),
        (counts(prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36), of(100, 20, 64)),
        (counts(cached_tokens=7), of(100, 20, 7)),
        (
            counts(prompt_tokens_details={"cached_tokens": 10, "cache_write_tokens": 90}),
            of(100, 20, 10, None, 90),
        ),
    ],
)
def test_the_names_of_services(usage: dict[str, Any], expected: Usage) -> None:
    assert read_usage(usage) == expected


def test_what_a_gateway_counts_apart_from_the_prompt_is_added_to_it() -> None:
    """The total says so, or the parts do not fit in; a gateway that counts them within the prompt is taken as it is."""
    parts = {"cache_read_input_tokens": 60, "cache_creation_input_tokens": 30}
    assert read_usage(counts(10, 5, total_tokens=105, **parts)) == of(100, 5, 60, None, 30)
    assert read_usage(counts(10, 5, **parts)) == of(100, 5, 60, None, 30)
    assert read_usage(counts(100, 5, total_tokens=105, **parts)) == of(100, 5, 60, None, 30)
    assert read_usage(counts(100, 5, **parts)) == of(100, 5, 60, None, 30)


def test_reasoning_that_is_counted_apart_from_the_output_is_added_to_it() -> None:
    thoughts = {"completion_tokens_details": {"reasoning_tokens": 50}}
    assert read_usage(counts(10, 5, total_tokens=65, **thoughts)) == of(10, 55, None, 50)
    assert read_usage(counts(10, 55, total_tokens=65, **thoughts)) == of(10, 55, None, 50)
    assert read_usage(counts(10, 5, **thoughts)) == of(10, 55, None, 50)


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
def test_what_is_no_count_is_none_and_named(wrong: Any, named: Any) -> None:
    chunk = read_chunk(json.dumps({"choices": [], "usage": named(wrong)}))
    assert chunk.usage == of(left_out="a count that is no whole number from 0 to 2,147,483,647")


@pytest.mark.parametrize("wrong", [[3], "many", 7, True, {"prompt_tokens_details": [3]}])
def test_counts_that_are_no_object_are_none_and_named(wrong: Any) -> None:
    assert read_usage(wrong) == of(left_out="counts that are no object")


@pytest.mark.parametrize(
    "usage",
    [
        counts(3, 1, prompt_tokens_details={"cached_tokens": 9}),
        counts(9, 1, prompt_tokens_details={"cached_tokens": 6, "cache_write_tokens": 6}),
        counts(3, 1, total_tokens=4, completion_tokens_details={"reasoning_tokens": 7}),
        {"completion_tokens": 4, "cached_tokens": 1},
        {"prompt_tokens": 4, "reasoning_tokens": 1 << 30},
    ],
)
def test_a_part_larger_than_its_whole_is_none_and_named(usage: dict[str, Any]) -> None:
    assert read_usage(usage) == of(left_out="a part that is larger than its whole")


@pytest.mark.parametrize("total", [0, 119])
def test_a_total_below_its_parts_is_none_and_named(total: int) -> None:
    assert read_usage(counts(total_tokens=total)) == of(left_out="a total below its parts")
    assert read_usage(counts(total_tokens=120 + total)) == of(100, 20)


ASK = EndpointRequest("completions", {}, ("\n\n",), (), most_prompt_tokens=40, most_output_tokens=500)
OUTPUT = "more output tokens than "


@pytest.mark.parametrize(
    ("usage", "shown", "expected"),
    [
        (of(30, 3), Shown(12, 3, at_limit=False), of(30, 3)),
        (of(), Shown(12, 3, at_limit=False), of()),
        (of(0, 3), Shown(12, 3, at_limit=False), of(None, 3, left_out="no prompt tokens")),
        (of(1064, 3, 1000, None, 64), Shown(12, 3, at_limit=False), of(1064, 3, 1000, None, 64)),
        (
            of(1065, 3, 1000, None, 65),
            Shown(12, 3, at_limit=False),
            of(None, 3, left_out="more prompt tokens than bytes of the prompt and its template"),
        ),
        # A model may say nothing, and only its end is counted, or not even that.
        (of(30, 0), Shown(0, 0, at_limit=False), of(30, 0)),
        (of(30, 1), Shown(0, 0, at_limit=False), of(30, 1)),
        (of(30, 0), Shown(1, 1, at_limit=False), of(30, left_out="fewer output tokens than the text needs")),
        # A server may send all in one piece, several tokens in a piece, or a piece for each character.
        (of(30, 400), Shown(1600, 1, at_limit=False), of(30, 400)),
        (of(30, 20), Shown(80, 80, at_limit=False), of(30, 20)),
        (of(30, 1), Shown(256, 8, at_limit=False), of(30, 1)),
        (of(30, 1), Shown(257, 1, at_limit=False), of(30, left_out="fewer output tokens than the text needs")),
        (of(30, 1), Shown(9, 9, at_limit=False), of(30, left_out="fewer output tokens than the text needs")),
        # Bytes of text, and what is not shown: thoughts, the stop sequence, the end.
        (of(30, 18), Shown(0, 0, at_limit=False), of(30, 18)),
        (of(30, 418, None, 400), Shown(0, 0, at_limit=False), of(30, 418, None, 400)),
        (
            of(30, 419, None, 400),
            Shown(0, 0, at_limit=False),
            of(30, left_out=OUTPUT + "bytes of text and reasoning tokens"),
        ),
        # At the limit as many were made as that, whatever is shown; never more.
        (of(30, 500), Shown(1, 1, at_limit=True), of(30, 500)),
        (
            of(30, 501),
            Shown(4000, 501, at_limit=True),
            of(30, left_out=OUTPUT + "the limit that the request set"),
        ),
        (
            of(30, 501, None, 490),
            Shown(90, 9, at_limit=False),
            of(30, left_out=OUTPUT + "the limit that the request set"),
        ),
    ],
)
def test_what_an_answer_and_its_request_rule_out_is_none_and_named(usage: Usage, shown: Shown, expected: Usage) -> None:
    assert plausible(usage, shown, ASK) == expected


def test_a_request_without_bounds_rules_nothing_out() -> None:
    usage = of(1 << 30, 1 << 30)
    assert plausible(usage, Shown(1 << 30, 1, at_limit=True), EndpointRequest("completions", {}, (), ())) == usage


def test_a_count_that_cannot_be_costs_no_answer(scripted: Any, opened: Any, ask: Any, wire: Any) -> None:
    """Its bill, its joules per token and its length are not known, and not 2,147,483,647 tokens."""
    scripted.script = wire.script([wire.text("4", "stop"), wire.usage(3, 2_147_483_647), wire.done])
    (reply,) = opened().answer("generate_until", [ask("What is 3+4?", max_gen_toks=8)])
    assert (reply.value, reply.failure, reply.prompt_tokens, reply.output_tokens) == ("4", None, 3, None)
    assert reply.remark == f"token counts not recorded: {OUTPUT}the limit that the request set"


def test_the_counts_of_groq_are_under_a_key_of_their_own() -> None:
    chunk = read_chunk(json.dumps({"choices": [], "x_groq": {"id": "x", "usage": counts()}}))
    assert chunk.usage == of(100, 20)


@pytest.mark.parametrize("empty", [{}, None])
def test_a_usage_without_counts_does_not_undo_those_before(empty: object) -> None:
    assembly = Assembly()
    text = {"choices": [{"text": "sixty bytes of text, for twenty tokens", "finish_reason": "stop"}]}
    assembly.add(json.dumps(text), 1.0)
    for usage in (counts(), empty):
        assembly.add(json.dumps({"choices": [], "usage": usage}), 1.0)
    assert assembly.completion().usage == of(100, 20)


def test_content_in_parts_is_answer_and_thoughts() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "4"}]
    chunk = read_chunk(json.dumps({"choices": [{"delta": {"content": content}}]}))
    assert (chunk.text, chunk.thought) == ("4", "hm")
    for damaged in ([3], [{"type": "text", "text": 4}], [{"type": "thinking", "thinking": "x"}]):
        with pytest.raises(StreamError):
            read_chunk(json.dumps({"choices": [{"delta": {"content": damaged}}]}))
