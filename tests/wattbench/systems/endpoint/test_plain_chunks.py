"""Chunks that repeat one another are read as if each were parsed."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from wattbench.network.allowance import StreamError
from wattbench.systems.endpoint import completion_stream
from wattbench.systems.endpoint.completion_stream import Assembly, Completion
from wattbench.systems.endpoint.plain_chunks import _MARK, RepeatedChunks

TEXTS = st.sampled_from(
    ["a", " b", "", "content", "m", "\n", '"', "\\", '"}', "\\u0061", "ü", "\u200b", "\ud83d", "🙂", _MARK]
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS,
        "delta": st.fixed_dictionaries({}, optional={"content": TEXTS, "reasoning": st.none() | TEXTS}),
        "finish_reason": st.sampled_from([None, None, "stop"]),
        "index": st.just(0),
    },
)
CHUNKS = st.fixed_dictionaries(
    {"choices": CHOICES.map(lambda choice: [choice])},
    optional={"model": TEXTS, "created": st.integers(1, 2), "usage": st.none() | st.just({"prompt_tokens": 3})},
)


def written(chunk: dict[str, Any], *, ascii_only: bool, name: str) -> str:
    """Return a chunk as JSON. A name may come twice in it: the last one counts."""
    data = json.dumps(chunk, ensure_ascii=ascii_only)
    return data if not name else data.replace("{", f'{{"{name}": "a", ', 1)


DATA = st.builds(written, CHUNKS, ascii_only=st.booleans(), name=st.sampled_from(["", "", "model", "choices", "a"]))


def read(events: list[str]) -> Completion | str:
    assembly = Assembly()
    try:
        for number, data in enumerate(events):
            assembly.add(data, float(number))
    except StreamError as error:
        return str(error)
    return assembly.completion()


@given(
    st.lists(DATA, max_size=4).flatmap(
        lambda known: st.lists(st.sampled_from(known) | DATA, max_size=12) if known else st.just([])
    )
)
def test_a_stream_is_read_as_if_each_chunk_were_parsed(events: list[str]) -> None:
    with mock.patch.object(RepeatedChunks, "text_of", return_value=None):
        parsed = read(events)
    assert read(events) == parsed


@given(st.lists(TEXTS, max_size=12), st.booleans())
def test_so_is_one_whose_chunks_differ_in_their_texts_alone(texts: list[str], ascii_only: bool) -> None:
    events = [
        json.dumps({"model": "a", "choices": [{"delta": {"content": text}}]}, ensure_ascii=ascii_only) for text in texts
    ]
    with mock.patch.object(RepeatedChunks, "text_of", return_value=None):
        parsed = read(events)
    assert read(events) == parsed


def parses(events: list[str]) -> int:
    """Return how often JSON is parsed for a stream."""
    with mock.patch.object(completion_stream, "parsed", wraps=completion_stream.parsed) as own:
        read(events)
    return int(own.call_count)


def test_chunks_that_differ_in_their_texts_alone_are_parsed_once() -> None:
    texts = ["", *"abc", "\n", *"def", "a", "m"]
    events = [json.dumps({"model": "m", "choices": [{"delta": {"content": text}}]}) for text in texts]
    assert parses(events) == 3  # without a text, the first with one, and the one that is not there as it is


def test_a_date_that_moves_on_is_learnt_and_numbers_are_not() -> None:
    dated = [json.dumps({"created": number // 4, "choices": [{"text": "a"}]}) for number in range(12)]
    assert parses(dated) == 3
    numbered = [json.dumps({"id": number, "choices": [{"text": "a"}]}) for number in range(12)]
    with mock.patch("wattbench.systems.endpoint.plain_chunks.text_alone") as tried:
        tried.return_value = _MARK
        assert parses(numbered) == len(numbered)
    assert tried.call_count == 1
