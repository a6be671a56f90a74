"""Bodies in chunked transfer coding, and what h11 makes of them."""

from __future__ import annotations

from collections.abc import Iterable

import h11

from wattbench.network.chunked_body import ChunkedBody


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a body with a chunk for each part."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


def by_h11(body: bytes) -> bytes | None:
    """Return the content of a whole body; None where it is refused or has no end."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    content = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return None
            content += bytes(event.data) if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError:
        return None
    return content


def decoded(pieces: Iterable[bytes]) -> bytes | None:
    """Return the same by `ChunkedBody`, which leaves the last chunk to h11."""
    decoder, content, after = ChunkedBody(), b"", b""
    for piece in pieces:
        if decoder.failure is not None:
            return None
        if decoder.rest is None:
            content += decoder.feed(piece)
        else:
            after += piece
    return None if decoder.rest is None or by_h11(decoder.rest + after) is None else content
