from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.network.connection import StreamError
from wattbench.network.event_stream import EventDecoder, RefusedAnswerError

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)
NOISE = st.sampled_from([": ping", "event: x", "id: 1", "retry: 5", "nonsense"])
CUTS = st.lists(st.integers(0, 2000), max_size=12)


def decode(pieces: list[bytes], max_line_bytes: int = 1 << 20) -> tuple[list[str], bool]:
    """The events, and whether the decoder objected."""
    decoder = EventDecoder(max_line_bytes)
    events: list[str] = []
    try:
        for piece in pieces:
            for data in decoder.feed(piece):
                events.append(data)  # noqa: PERF402  # those before an error count
        events += decoder.end()
    except StreamError:
        return events, True
    return events, False


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(min(place, len(stream)) for place in places)
    return [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]


@given(
    events=st.lists(st.lists(LINE, min_size=1, max_size=3), max_size=5),
    noise=NOISE,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    places=CUTS,
)
def test_events_survive_any_cuts_and_line_ends(
    events: list[list[str]], noise: str, end: str, places: list[int]
) -> None:
    lines = [line for event in events for line in [noise, *(f"data: {data}" for data in event), ""]]
    stream = "".join(line + end for line in lines).encode()
    assert decode(cut(stream, places)) == (["\n".join(event) for event in events], False)


def test_an_empty_piece_between_a_carriage_return_and_its_newline_changes_nothing() -> None:
    assert decode([b"data: a\r", b"", b"\ndata: b\r\n\r\n"]) == (["a\nb"], False)


@given(stream=st.binary(max_size=600), places=CUTS, limit=st.integers(1, 100))
def test_garbage_is_read_the_same_however_it_is_cut(stream: bytes, places: list[int], limit: int) -> None:
    assert decode(cut(stream, places), limit) == decode([stream], limit)


def test_byte_order_mark_torn_last_line_and_missing_blank_line() -> None:
    assert decode([b"\xef\xbb", b"\xbfdata: a\n\n", b"data: b\n", b"data: torn"]) == (["a", "b"], False)


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"event: error\ndata: no memory\n\n", "an error: no memory"),
        (b'data: {"message": "no"}\nevent:error\n\n', 'an error: {"message": "no"}'),
        (b"event: error\n\n", r"an error: \(no text\)"),
        (b"event: error\ndata: torn\n", "an error: torn"),
    ],
)
def test_an_event_that_is_an_error_is_one(stream: bytes, said: str) -> None:
    for size in (1, 7, len(stream)):
        decoder = EventDecoder()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        with pytest.raises(RefusedAnswerError, match=said):
            [*itertools.chain.from_iterable(map(decoder.feed, pieces)), *decoder.end()]
    assert decode([b"event: error\nevent: message\ndata: a\n\n"]) == (["a"], False)


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    decoder = EventDecoder(max_line_bytes=1000)
    list(decoder.feed(b"data: " + b"x" * 900))
    with pytest.raises(StreamError, match="more than 1000 bytes"):
        list(decoder.feed(b"x" * 200))


def test_an_event_of_very_many_lines_is_refused() -> None:
    decoder = EventDecoder(max_line_bytes=1000)
    with pytest.raises(StreamError, match="event of more than 1000 bytes"):
        list(decoder.feed(b"data\n" * 2000))
