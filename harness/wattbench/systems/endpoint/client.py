"""Send streamed requests to a server of the OpenAI protocol.

No request is sent twice here: an overloaded server (429, 503) is an error, which says what it refused; whether and
when the request is sent again is decided in `asker`. What a server says of one request alone is a failure of that
request.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.parse import SplitResult, urljoin

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.network.connection import Allowance, BodyPiece, Connection, Response, StreamError
from wattbench.network.connections import Connections, LateConnectionError, NoConnectionError
from wattbench.network.event_stream import EventDecoder, RefusedAnswerError, error_text
from wattbench.network.urls import public_url, read_url
from wattbench.redaction import keep_secret, keep_secrets_of
from wattbench.systems.endpoint.completion_stream import Assembly, Completion
from wattbench.systems.endpoint.own_answers import OwnAnswers
from wattbench.systems.endpoint.plain_text import plain_text
from wattbench.systems.endpoint.refusals import (
    FailedRequestError,
    Refusal,
    ServerError,
    SpoiledAnswerError,
    is_spent,
)
from wattbench.systems.endpoint.request import EndpointRequest

MAX_STREAM_BYTES = 64 << 20
"""The most bytes of one answer as sent, headers included: at about 300 bytes a token, more than 200,000 tokens."""
MAX_BODY_BYTES = 4 << 20
"""The most bytes of any other answer; the longest lists of models take some hundred kilobytes."""
MAX_REASON_BYTES = 1 << 14
"""As much is read of the reason for which a server refuses."""
DRAIN_S = 0.1
"""How long the end of the message is waited for after the end of the answer, so that the next request may use the
connection; it follows at once, or never."""
DRAIN_BYTES = 1 << 16
_NOT_OFFERED = (404, 405, 501)
_BROKEN = (HTTPException, OSError, StreamError)
"""What ends an answer before its end."""
_OF_ONE_REQUEST = (400, 413, 422, 500)
"""Statuses that a server may have for one prompt and not for the next: too long, filtered, or more than it can do."""
_OF_THE_BODY = (400, 422)
"""Statuses for a body that a server does not accept."""
_SHOWN_FIELDS = 8
"""Of the fields that a suite adds, as many are named after a refusal."""
_SEE_LOG = "See the server's log"
_HINTS = {
    401: "Set api_key_env to the variable that holds its key, and check the key",
    403: "Check the permissions of the key",
    402: "The account has no credit left: top it up, then resume the run",
    404: "Check that base_url ends with the root of the protocol (usually /v1), and that the server has the model",
    429: "It limits requests, and a retry would falsify the latency: send fewer requests at once, or wait",
    503: "It is overloaded or still loading, and a retry would falsify the latency: wait until it is ready",
}


class OpenAIClient:
    """A client of one server. Several threads may use it at once, each for one request."""

    def __init__(
        self, *, where: str, base_url: str, key: str | None, timeout_s: float, fields: Iterable[str] = ()
    ) -> None:
        """Prepare the client, without a connection.

        Args:
            where: the name of the system in messages.
            base_url: such as `http://localhost:8000/v1`.
            key: sent as a bearer token; never part of any message.
            timeout_s: for one request, from connecting to its last byte, whatever the server sends.
            fields: the names of those that the suite adds to the body, for messages.

        Raises:
            UserError: the URL or the key cannot be sent.
        """
        self._where = where
        self._timeout_s = timeout_s
        self._fields = tuple(plain_text(name, limit=60) for name in itertools.islice(fields, _SHOWN_FIELDS))
        keep_secret(key)
        keep_secrets_of(base_url)
        self.base = parse_url(base_url, where)
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise UserError(f"{where}: its key has characters that are not allowed in a header; see api_key_env")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        try:
            self._connections = Connections(self.base, headers, by_approval=True)
        except ValueError as error:
            raise UserError(f"{where}: {error}") from None
        self._own = OwnAnswers(self._connections)

    def url(self, path: str) -> SplitResult:
        """Return the URL of a path under `base_url` (with its query), or under the server's root if it starts with a
        slash."""
        folder = "" if path.startswith("/") else self.base.path.rstrip("/") + "/"
        return self.base._replace(path=folder + path, fragment="")

    def get(self, path: str) -> dict[str, Any] | None:
        """Fetch a JSON object; None if the server has none at this path.

        Raises:
            UserError: it cannot be reached, refuses us, or sends something else.
        """
        with self._sent(path, MAX_BODY_BYTES) as answer:
            if answer.status in _NOT_OFFERED:
                return None
            if answer.status != HTTPStatus.OK:
                self._refused(answer, path)
            _refuse_encodings(answer)
            body = answer.body()
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):  # Together lists its models so
            value = {"data": value}
        if not isinstance(value, dict):
            self._fail(path, f"its answer is not a JSON object: {body[: 1 << 14]!r}", "Check base_url")
        return value

    def answers(self, path: str, within_s: float | None = None) -> bool:
        """Return whether a GET request is answered with 200; False if the server cannot be reached.

        Args:
            path: as of `url`.
            within_s: how long it may take; None: `timeout_s`.
        """
        try:
            with self._sent(path, MAX_BODY_BYTES, within_s=within_s) as answer:
                return answer.status == HTTPStatus.OK
        except UserError:
            return False

    def complete(self, ask: EndpointRequest, first_token: Callable[[], None] | None = None) -> Completion:
        """Send one request and read its answer to the end, with a time stamp for every piece.

        Args:
            ask: the request.
            first_token: called once, right after the first token was stamped.

        Raises:
            FailedRequestError: the server refused this request, sent an error or no answer, ended its answer with
                another reason than `stop` and `length`, or did not complete it in time.
            SpoiledAnswerError: it may be answered on a new connection.
            ServerError: no complete answer came for another reason.
        """
        assembly = Assembly(ask, first_token)
        with self._sent(ask.path, MAX_STREAM_BYTES, ask=ask) as answer:
            if answer.status != HTTPStatus.OK:
                self._refused(answer, ask.path)
            _refuse_encodings(answer)
            pieces = answer.pieces()
            try:
                _assemble(pieces, assembly)
            except _BROKEN:
                answer.connection.answered = assembly.is_new(answer.connection.carried)
                raise
            if not assembly.done:
                kind = plain_text(answer.headers.get("content-type", "no content type"), limit=60)
                self._fail(
                    ask.path,
                    f"its answer ended without a finish_reason (content type: {kind})",
                    "The server must stream server-sent events; if it does, the stream broke off: see its log",
                    kind=FailedRequestError,
                )
            if assembly.said_done:
                answer.connection.allowance.shorten(DRAIN_S, DRAIN_BYTES)
                with suppress(*_BROKEN):
                    for _ in pieces:
                        """What follows the end of the answer is no part of it."""
            completion = assembly.completion(answer.connection.allowance.began_s)
            self._own.check(completion, answer)
        return completion

    def close(self) -> None:
        """Close the connections."""
        self._connections.drop()

    @contextmanager
    def _sent(
        self, path: str, most_bytes: int, *, ask: EndpointRequest | None = None, within_s: float | None = None
    ) -> Iterator[Response]:
        """Send a request, a GET if there is nothing to ask, and yield the unread answer.

        Every error of the transport, and every `StreamError`, becomes a `UserError`.
        """
        body = None if ask is None else json.dumps(ask.body).encode()
        if ask is None:
            # A server may serve one connection at a time: none is left open that the next request does not use.
            self._connections.drop()
        closes = ask is None or not ask.keeps_connection
        allowance = Allowance(within_s or self._timeout_s, most_bytes)
        connection: Connection | None = None
        try:
            connection = self._connections.take(allowance)
            with self._connections.exchange(connection, self.url(path), body, closes=closes) as answer:
                yield answer
        except RefusedAnswerError as error:
            self._fail(path, str(error), _SEE_LOG, kind=FailedRequestError)
        except StreamError as error:
            self._fail(path, str(error), _SEE_LOG, kind=self._kind(connection, allowance, FailedRequestError))
        except LateConnectionError:
            hint = "Check that the server runs and that base_url is right"
            self._fail(path, "no connection in time", hint, refusal=Refusal(None))
        except NoConnectionError as error:
            hint = "Start the server, or correct base_url"
            self._fail(path, f"cannot connect ({error})", hint, refusal=Refusal(None))
        except TimeoutError:
            what = "its answer was not complete" if allowance.any_came else "no data"
            within = f"{what} within timeout_s = {self._timeout_s:g}"
            self._fail(path, within, "Raise timeout_s, or see the server's log", kind=FailedRequestError)
        except (HTTPException, OSError) as error:
            what = f"the connection broke ({type(error).__name__}: {error})"
            self._fail(path, what, _SEE_LOG, kind=self._kind(connection, allowance, ServerError))

    def _kind(self, connection: Connection | None, allowance: Allowance, usual: type[ServerError]) -> type[ServerError]:
        spoiled = connection is not None and self._own.spoiled(connection, any_came=allowance.any_came)
        return SpoiledAnswerError if spoiled else usual

    def _refused(self, answer: Response, path: str) -> NoReturn:
        body = _reason(answer)
        spent = False
        try:
            error = json.loads(body)
            reason = error_text(error) if isinstance(error, dict) else body
            spent = is_spent(error)
        except (ValueError, RecursionError):
            reason = body
        code = answer.status
        hint = _HINTS[402] if spent else _HINTS.get(code, _SEE_LOG)
        if answer.redirects:
            hint = self._redirect_hint(path, answer.headers["location"])
        elif code // 100 == 3:  # 304: a cache answers what was not asked of it
            hint = "It names no other address: correct base_url, or go around a cache in front of the server"
        added = f" to a request with {', '.join(self._fields)}" if code in _OF_THE_BODY and self._fields else ""
        said = f"it answered HTTP {code}{added}: {reason or '(no reason)'}"
        kind = FailedRequestError if code in _OF_ONE_REQUEST else ServerError
        self._fail(path, said, hint, kind=kind, refusal=Refusal(code, answer.headers, spent))

    def _redirect_hint(self, path: str, location: str) -> str:
        """Say where a redirect leads. Redirects are not followed, as their target would be sent the prompts."""
        try:
            target = read_url(urljoin(self.url(path).geturl(), location))
            shown = plain_text(public_url(target.geturl()))
        except ValueError:
            return "It redirects, but not to a URL: correct base_url"
        if target.scheme not in ("http", "https"):
            return f"It redirects to {shown}, which is not of HTTP: correct base_url"
        if target.hostname == self.base.hostname:
            return f"It redirects to {shown}: use that as base_url"
        return f"It redirects to another host, {shown}, which was sent nothing: write it as base_url if you trust it"

    def _fail(
        self, path: str, what: str, hint: str, *, kind: type[ServerError] = ServerError, refusal: Refusal | None = None
    ) -> NoReturn:
        # Shortened here and nowhere before, as a short piece of a key would not be recognised.
        shown = plain_text(what, limit=400).removesuffix(".")
        # From None: what led to it quotes the server, too, and a traceback would show it.
        message = f"{self._where}: {public_url(self.url(path).geturl())}: {shown}. {hint}"
        raise kind(message, shown, refusal) from None


def _assemble(pieces: Iterator[BodyPiece], assembly: Assembly) -> None:
    decoder = EventDecoder()
    for arrived_s, content in pieces:
        for data in decoder.feed(content):
            if assembly.add(data, arrived_s):
                return
    arrived_s = now_s()
    for data in decoder.end():
        if assembly.add(data, arrived_s):
            return


def _refuse_encodings(answer: Response) -> None:
    if names := answer.encodings:
        raise StreamError(f"it sent an encoding that was not asked for: {plain_text(names, limit=60)}")


def _reason(answer: Response) -> str:
    """Return the body of a refusal, as far as it arrived."""
    if names := answer.encodings:
        return f"(encoded as {plain_text(names, limit=60)}, which was not asked for)"
    body = b""
    with suppress(*_BROKEN):  # the refusal itself is what counts
        for _, data in answer.pieces():
            body += data
            if len(body) > MAX_REASON_BYTES:
                break
    return body[:MAX_REASON_BYTES].decode("utf-8", errors="replace")


def parse_url(base_url: str, where: str) -> SplitResult:
    """Read a base URL.

    Raises:
        UserError: it is not one.
    """
    try:
        url = read_url(base_url)
    except ValueError as error:
        raise UserError(f"{where}: base_url is not a URL ({error}); write http://host:port/v1") from None
    if not url.hostname:
        raise UserError(f"{where}: base_url has no host; write http://host:port/v1")
    return url
