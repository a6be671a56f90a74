from __future__ import annotations

import json
from typing import Any

import pytest

from wattbench.network.connection import StreamError
from wattbench.systems.endpoint.completion_stream import Assembly, Completion, read_chunk
from wattbench.systems.endpoint.request import EndpointRequest


def assembled(*texts: str, stops: tuple[str, ...] = (), withheld: tuple[str, ...] = ()) -> Completion:
    assembly = Assembly(EndpointRequest("completions", {}, stops, withheld))
    for place, piece in enumerate(texts):
        chunk = {"choices": [{"text": piece, "finish_reason": None}]}
        if assembly.add(json.dumps(chunk), float(place)):
            break
    return assembly.completion()


def test_only_chunks_with_text_are_tokens() -> None:
    done = assembled("", "a", "", "b", "")
    assert (done.text, done.token_s) == ("ab", (1.0, 3.0))


def test_thoughts_are_tokens_but_no_part_of_the_answer() -> None:
    assembly = Assembly()
    assembly.add('{"choices": [{"delta": {"role": "assistant", "content": null}}]}', 1.0)
    assembly.add('{"choices": [{"delta": {"reasoning_content": "hmm"}}]}', 2.0)
    assembly.add('{"choices": [{"delta": {"content": "4"}, "finish_reason": "stop"}]}', 3.0)
    done = assembly.completion()
    assert (done.text, done.token_s, done.finish_reason, assembly.done) == ("4", (2.0, 3.0), "stop", True)


def test_the_text_is_cut_before_the_first_of_the_stops() -> None:
    assert assembled("one; two", ". three", stops=(". ", ";")).text == "one"


@pytest.mark.parametrize(
    ("pieces", "stops", "finish", "reason"),
    [
        (("one", " two"), (), "length", "length"),
        (("one", " two"), (), "stop", "stop"),
        (("one; two", " three"), (";",), "length", "stop"),  # which the server did not know of, and was cut here
        (("one", " two"), (";",), "length", "length"),
    ],
)
def test_a_reply_was_cut_where_its_limit_and_no_stop_ended_it(
    pieces: tuple[str, str], stops: tuple[str, ...], finish: str, reason: str
) -> None:
    assembly = Assembly(EndpointRequest("completions", {}, stops, ()))
    assembly.add(json.dumps({"choices": [{"text": pieces[0], "finish_reason": None}]}), 0.0)
    assembly.add(json.dumps({"choices": [{"text": pieces[1], "finish_reason": finish}]}), 1.0)
    assert assembly.completion().ended == reason


def test_a_stream_that_ends_without_a_reason_does_not_say_whether_it_was_cut() -> None:
    assert assembled("a", "b").ended is None


def test_reading_ends_at_a_stop_that_the_server_does_not_know_even_across_chunks() -> None:
    done = assembled("a", "b##", "#c", "d", stops=("###",), withheld=("###",))
    assert (done.text, done.token_s) == ("ab", (0.0, 1.0, 2.0))


def test_a_character_cut_in_two_is_mended_and_half_a_character_is_replaced() -> None:
    assert assembled("\ud83d", "\ude00", "\ud83d").text == "\N{GRINNING FACE}\N{REPLACEMENT CHARACTER}"


def test_other_choices_than_the_first_are_left_out() -> None:
    assert read_chunk('{"choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}]}').text == "a"


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ({"choices": {}}, "choices is dict, not list"),
        ({"choices": ["a"]}, "choices are not objects"),
        ({"choices": [{"delta": []}]}, "delta is list, not dict"),
        ({"choices": [{"delta": {"content": 4}}]}, "content is int, not str"),
        ({"choices": [{"text": "a", "finish_reason": 1}]}, "finish_reason is int"),
        ({"error": {"message": "out of memory"}}, "reported an error in the middle of the answer: out of memory"),
        ({"error": "out of memory"}, "out of memory"),
        ({"object": "error", "message": "out of memory", "code": 500}, "middle of the answer: out of memory"),
        ({"object": "error", "choices": [{"text": "4", "finish_reason": "stop"}]}, "in the middle of the answer"),
        ({"type": "error", "message": "out of memory"}, "out of memory"),
        ({"choices": [{"text": "4", "error": {"message": "out of memory"}}]}, "out of memory"),
        ({"choices": [{"index": -1, "text": "a", "finish_reason": "stop"}]}, "index is -1, not 0"),
        ({"choices": [{"index": float("nan"), "text": "a"}]}, "index is nan, not 0"),
        ({"choices": [{"index": "0", "text": "a"}]}, "index is '0', not 0"),
        ({"choices": [{"index": True, "text": "a"}]}, "index is True, not 0"),
        ({"choices": [{"index": [0] * 99, "delta": {"content": "a"}}]}, "index is .{40}, not 0"),
    ],
)
def test_whatever_is_no_chunk_is_named(chunk: Any, said: str) -> None:
    with pytest.raises(StreamError, match=said):
        read_chunk(chunk if isinstance(chunk, str) else json.dumps(chunk))
