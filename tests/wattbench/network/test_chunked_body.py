"""Bodies in chunks are read as h11 reads them, however they are cut, and what is none is refused as there."""

from __future__ import annotations

from random import Random

import pytest

from tests.made_up.chunks import by_h11, chunked, decoded
from wattbench.network.chunked_body import MOST_LINE_BYTES, ChunkedBody

BODIES = {
    "tokens": chunked(b'data: {"a": 1}\n\n', b"data: [DONE]\n\n"),
    "empty": chunked(),
    "line-ends": chunked(b"\r\n", b"\r\n\r\n0\r\n\r\n", b"\n"),
    "long": chunked(b"x" * 70_000, b"y"),
    "capitals": b"A\r\n0123456789\r\n000a;x=1;y\r\n0123456789\r\n00\r\n\r\n",
    "blanks-after": b"1 \t\r\nx\r\n0 \r\n\r\n",
    "trailers": chunked(b"x", end=b"0;last\r\nX: 1\r\nY: 2\r\n\r\n"),
    "more-after": chunked(b"x") + b"HTTP/1.1 200 OK\r\n\r\n",
    "twenty-digits": b"00000000000000000001\r\nx\r\n0\r\n\r\n",
}
NO_BODIES = {
    "no-size": b"\r\nx\r\n0\r\n\r\n",
    "minus": b"-1\r\nx\r\n0\r\n\r\n",
    "plus": b"+1\r\nx\r\n0\r\n\r\n",
    "prefix": b"0x1\r\nx\r\n0\r\n\r\n",
    "underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "blank-before": b" 1\r\nx\r\n0\r\n\r\n",
    "letters": b"g\r\nx\r\n0\r\n\r\n",
    "21-digits": b"000000000000000000001\r\nx\r\n0\r\n\r\n",
    "line-feed-alone": b"1\nx\r\n0\r\n\r\n",
    "line-feed-in-extension": b"1;\n\r\nx\r\n0\r\n\r\n",
    "blank-in-size": b"1 1\r\nx\r\n0\r\n\r\n",
    "too-long": b"1\r\nxy\r\n0\r\n\r\n",
    "too-short": b"3\r\nx\r\n0\r\n\r\n",
    "no-carriage-return": b"1\r\nx\n0\r\n\r\n",
    "no-line-feed": b"1\r\nx\r0\r\n\r\n",
    "trailer-that-is-none": chunked(b"x", end=b"0\r\nno field\r\n\r\n"),
    "no-end": chunked(b"x", end=b""),
    "no-end-of-trailers": chunked(b"x", end=b"0\r\nX: 1\r\n"),
}


def cut(body: bytes, random: Random) -> list[bytes]:
    """Cut a body at random."""
    places = sorted(random.choices(range(len(body) + 1), k=random.choice((0, 1, 3, 30))))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_is_what_h11_reads(body: bytes) -> None:
    content = by_h11(body)
    assert content is not None
    assert decoded([body]) == content
    for seed in range(30):
        assert decoded(cut(body, Random(seed))) == content
    if len(body) < 1000:
        assert decoded([body[at : at + 1] for at in range(len(body))]) == content


@pytest.mark.parametrize("body", NO_BODIES.values(), ids=NO_BODIES)
def test_what_h11_refuses_is_refused(body: bytes) -> None:
    assert by_h11(body) is None
    assert decoded([body]) is None
    assert decoded([body[at : at + 1] for at in range(len(body))]) is None


def test_bodies_with_a_changed_byte_are_read_or_refused_as_by_h11() -> None:
    random = Random(7)
    whole = [body for name, body in BODIES.items() if name != "long"]
    refused = 0
    for _ in range(2000):
        body = bytearray(random.choice(whole))
        for _ in range(random.choice((1, 1, 2))):
            body[random.randrange(len(body))] = random.choice((*b"\r\n0179afAFgG;:\t -_", random.randrange(256)))
        expected = by_h11(bytes(body))
        refused += expected is None
        assert decoded(cut(bytes(body), random)) == expected, bytes(body)
    assert 200 < refused < 1800, "both kinds are tried"


def test_chunks_that_come_one_by_one_are_read_or_refused_as_by_h11() -> None:
    """In fewer steps than others: so they are changed, too."""
    random = Random(8)
    refused = 0
    for _ in range(2000):
        pieces = [bytearray(chunked(b"x" * random.choice((1, 9, 10, 200)), end=b"")) for _ in range(3)]
        changed = random.choice(pieces)
        for _ in range(random.choice((0, 1, 2))):
            place = random.choice((0, 1, 2, 3, -3, -2, -1, random.randrange(len(changed))))
            changed[place % len(changed)] = random.choice((*b"\r\n0123bBxX_;\t -", random.randrange(256)))
        whole = [*map(bytes, pieces), b"0\r\n\r\n"]
        expected = by_h11(b"".join(whole))
        refused += expected is None
        assert decoded(whole) == expected, whole
    assert 200 < refused < 1800, "both kinds are tried"


def test_what_follows_the_last_size_is_left_alone() -> None:
    body = ChunkedBody()
    assert body.feed(b"2\r\nxy\r\n0;e\r\nX: 1\r\n") == b"xy"
    assert body.rest == b"0;e\r\nX: 1\r\n"


def test_what_came_before_a_failure_is_content() -> None:
    body = ChunkedBody()
    assert body.feed(chunked(b"x", b"y", end=b"none\r\n")) == b"xy"
    assert "illegal chunk header" in str(body.failure)


@pytest.mark.parametrize("every", [1, 1000, 1 << 20])
def test_a_line_without_an_end_is_cut_off(every: int) -> None:
    body, sent = ChunkedBody(), 0
    body.feed(b"1;")
    while body.failure is None:
        body.feed(b"x" * every)
        sent += every
        assert sent <= MOST_LINE_BYTES + every
    assert f"more than {MOST_LINE_BYTES} bytes" in str(body.failure)
