"""Read the body of an answer, with the moment at which each piece of it came.

A piece of a streamed answer finds the processor's caches cold: what is done with it at once takes some five times as
long as what is done with several together. So a piece is only read and stamped when it comes, and handed out with those
that follow it closely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import httpcore
import httpx

from wattbench.clock import now_s
from wattbench.network.allowance import StreamError
from wattbench.network.bounded_stream import BoundedStream, Ends, StreamPiece
from wattbench.network.chunked_body import ChunkedBody

TOGETHER = 32
"""The most pieces that are handed out together: what is done with them delays the stamp of the next one, if that comes
meanwhile."""
QUIET_S = 0.25
"""Pieces are handed out if no other has come for this long."""

_BODILESS = (httpx.codes.NO_CONTENT, httpx.codes.NOT_MODIFIED)
_END = b"\r\n\r\n"
"""How a body in chunks ends, trailers or not."""
_OTHER = b"}"
"""What an event of JSON ends with, before a blank line and the end of its chunk, which take as many bytes as `_END`."""
_BROKEN_OFF = "peer closed connection without sending complete message body (incomplete chunked read)"


class Arrivals:
    """The body of an unread answer, as it was sent.

    A body in chunks is read from the connection itself, and its pieces are what came at once, whatever chunks that
    are. httpcore reads its last chunk and the trailers: it knows then whether the connection can carry another request.
    """

    def __init__(self, response: httpx.Response, last: bytes) -> None:
        """Begin; nothing is read yet.

        Args:
            response: the answer.
            last: what is in its last piece, as a rule: that is handed out at once.
        """
        self._ends = Ends(_END, last, _OTHER)
        self._raw: Iterator[bytes] = response.iter_raw()
        stream = response.extensions.get("network_stream")
        direct = isinstance(stream, BoundedStream) and stream.at_body and _in_chunks(response)
        self._stream: BoundedStream | None = stream if direct else None
        self._body = ChunkedBody()
        self._failure: Exception | None = None
        """What ends the body, once all that came before it was handed out."""

    def next(self, most: int = TOGETHER) -> Sequence[StreamPiece]:
        """Return the next pieces, at most `most`; none at the end of the body.

        Raises:
            httpx.HTTPError: as of `httpx.Response.iter_raw`.
            StreamError: there is more of it than its request is allowed.
        """
        if self._failure is None and self._stream is not None:
            pieces = self._content_of(self._received(self._stream, most), self._stream)
            if pieces or self._failure is None:
                return pieces
        if self._failure is not None:
            raise self._failure
        return [StreamPiece(now_s(), data) for data in [next(self._raw, None)] if data is not None]

    def _received(self, stream: BoundedStream, most: int) -> list[StreamPiece]:
        """Return pieces as they came. What ends the body is kept until they were handed out."""
        pieces: list[StreamPiece] = []
        try:
            stream.read_together(pieces, most, QUIET_S, self._ends)
            if pieces and not pieces[-1].data:
                del pieces[-1]
                self._failure = httpx.RemoteProtocolError(_BROKEN_OFF)
        except httpcore.ReadTimeout as error:
            self._failure = httpx.ReadTimeout(str(error))
        except httpcore.ReadError as error:
            self._failure = httpx.ReadError(str(error))
        except StreamError as error:
            self._failure = error
        return pieces

    def _content_of(self, pieces: Sequence[StreamPiece], stream: BoundedStream) -> list[StreamPiece]:
        """Return what is in the chunks of pieces. From the last chunk on httpcore goes on."""
        content: list[StreamPiece] = []
        for number, (arrived_s, data) in enumerate(pieces, start=1):
            content.append(StreamPiece(arrived_s, self._body.feed(data)))
            if self._body.failure is not None:
                self._failure = self._body.failure
                break
            if self._body.rest is not None:
                stream.give_back(self._body.rest + b"".join(each.data for each in pieces[number:]))
                self._stream = self._failure = None
                break
        return content


def _in_chunks(response: httpx.Response) -> bool:
    coding = response.headers.get("transfer-encoding", "")
    return coding.lower() == "chunked" and response.status_code not in _BODILESS and response.request.method != "HEAD"
