"""Send streamed requests to a server of the OpenAI protocol, over one connection pool.

No request is sent twice here: an overloaded server (429, 503) is an error, which says what it refused; whether and
when the request is sent again is decided in `asker`. What a server says of one request alone is a failure of that
request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property, partial
from typing import Any, NoReturn

import httpx

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.network.allowance import Allowance, EarlyAnswerError, StreamError, allowed
from wattbench.network.arrivals import TOGETHER, Arrivals
from wattbench.network.bounded_network import bound
from wattbench.network.cookies import NoCookies
from wattbench.network.headers import encodings
from wattbench.network.hosts import is_loopback
from wattbench.network.kept_connections import KeptConnections
from wattbench.network.repeated_post import RepeatedPost
from wattbench.network.urls import public_url
from wattbench.redaction import keep_secret, keep_secrets_of
from wattbench.systems.endpoint.completion_stream import DONE, Assembly, Completion, error_text
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
from wattbench.systems.endpoint.sse import EventDecoder, RefusedAnswerError

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
KEEP_ALIVE_S = 4.0
"""Idle connections are dropped after this long: before the server does (uvicorn and llama.cpp after 5 s), as
a connection that closes under a request fails it."""
CONNECT_S = 10.0
_NOT_OFFERED = (404, 405, 501)
_OF_ONE_REQUEST = (400, 413, 422, 500)
"""Statuses that a server may have for one prompt and not for the next: too long, filtered, or more than it can do."""
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

    def __init__(self, *, where: str, base_url: str, key: str | None, timeout_s: float) -> None:
        """Prepare the client, without a connection.

        Args:
            where: the name of the system in messages.
            base_url: such as `http://localhost:8000/v1`.
            key: sent as a bearer token; never part of any message.
            timeout_s: for one request, from connecting to its last byte, whatever the server sends.

        Raises:
            UserError: the URL or the key cannot be sent.
        """
        self._where = where
        self._timeout_s = timeout_s
        keep_secret(key)
        keep_secrets_of(base_url)
        self.base = parse_url(base_url, where)
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise UserError(f"{where}: its key has characters that are not allowed in a header; see api_key_env")
        headers = {"Accept-Encoding": "identity"}  # a compressed stream is a buffered stream
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s), pool=None),
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_S),
            trust_env=not is_loopback(self.base.host),  # a proxy for the outside is not for this machine
            cookies=NoCookies(),
        )
        self._own = OwnAnswers(bound(self._http, by_approval=True))
        self._posts: dict[tuple[str, bool], tuple[RepeatedPost, str]] = {}

    def url(self, path: str) -> str:
        """Return the URL of a path under `base_url` (with its query), or under the server's root if it starts with a
        slash."""
        folder = "" if path.startswith("/") else self.base.path.rstrip("/") + "/"
        return str(self.base.copy_with(path=folder + path))

    def get(self, path: str) -> dict[str, Any] | None:
        """Fetch a JSON object; None if the server has none at this path.

        Raises:
            UserError: it cannot be reached, refuses us, or sends something else.
        """
        url = self.url(path)
        with self._sent(self._get(url), url, MAX_BODY_BYTES) as (response, _):
            if response.status_code in _NOT_OFFERED:
                return None
            if response.status_code != httpx.codes.OK:
                self._refused(response, url)
            _refuse_encodings(response)
            body = b"".join(response.iter_raw())
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, list):  # Together lists its models so
            answer = {"data": answer}
        if not isinstance(answer, dict):
            self._fail(url, f"its answer is not a JSON object: {body[: 1 << 14]!r}", "Check base_url")
        return answer

    def answers(self, path: str, within_s: float | None = None) -> bool:
        """Return whether a GET is answered with 200. A server that cannot be reached does not answer.

        Args:
            path: as of `url`.
            within_s: how long it may take; None: `timeout_s`.
        """
        url = self.url(path)
        try:
            with self._sent(self._get(url), url, MAX_BODY_BYTES, within_s) as (response, _):
                return response.status_code == httpx.codes.OK
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
        post, url = self._post(ask)
        send = partial(post.send, json.dumps(ask.body).encode())
        assembly = Assembly(ask, first_token)
        with self._sent(send, url, MAX_STREAM_BYTES) as (response, allowance):
            if response.status_code != httpx.codes.OK:
                self._refused(response, url)
            _refuse_encodings(response)
            body = Arrivals(response, DONE.encode())
            try:
                _assemble(body, assembly)
            except (httpx.HTTPError, StreamError):
                carried = () if allowance.connection is None else allowance.connection.carried
                allowance.answered = assembly.is_new(carried)
                raise
            if not assembly.done:
                kind = plain_text(response.headers.get("content-type", "no content type"), limit=60)
                self._fail(
                    url,
                    f"its answer ended without a finish_reason (content type: {kind})",
                    "The server must stream server-sent events; if it does, the stream broke off: see its log",
                    kind=FailedRequestError,
                )
            if assembly.said_done:
                allowance.shorten(DRAIN_S, DRAIN_BYTES)
                with suppress(httpx.HTTPError, StreamError):
                    while body.next():
                        pass
            completion = assembly.completion(allowance.began_s)
            self._own.check(completion, allowance.connection)
        return completion

    def close(self) -> None:
        """Drop the connections."""
        self._kept.drop()
        self._http.close()

    @cached_property
    def _kept(self) -> KeptConnections:
        return KeptConnections(self._http, self.base)

    def _get(self, url: str) -> Callable[[], httpx.Response]:
        # A server may serve one connection at a time: none is left open that the next request does not use.
        self._kept.drop()
        request = self._http.build_request("GET", url, headers={"Connection": "close"})
        return partial(self._http.send, request, stream=True)

    def _post(self, ask: EndpointRequest) -> tuple[RepeatedPost, str]:
        """Return what a request has in common with others, and its URL."""
        key = ask.path, ask.keeps_connection
        if key not in self._posts:
            url = self.url(ask.path)
            headers = {"Content-Type": "application/json"} | ({} if ask.keeps_connection else {"Connection": "close"})
            self._posts[key] = RepeatedPost(self._http, self._kept, httpx.URL(url), headers), url
        return self._posts[key]

    @contextmanager
    def _sent(
        self, send: Callable[[], httpx.Response], url: str, most_bytes: int, within_s: float | None = None
    ) -> Iterator[tuple[httpx.Response, Allowance]]:
        """Send a request and yield the unread response, with what is left of its time and bytes.

        Every error of the transport, and every `StreamError`, becomes a `UserError`.
        """
        with allowed(within_s or self._timeout_s, most_bytes) as allowance:
            try:
                with closing(send()) as response:
                    if not allowance.reads:
                        raise EarlyAnswerError
                    yield response, allowance
            except RefusedAnswerError as error:
                self._fail(url, str(error), _SEE_LOG, kind=FailedRequestError)
            except StreamError as error:
                kind: type[ServerError] = SpoiledAnswerError if self._own.spoiled(allowance) else FailedRequestError
                self._fail(url, str(error), _SEE_LOG, kind=kind)
            except httpx.ConnectError as error:
                hint = "Start the server, or correct base_url"
                self._fail(url, f"cannot connect ({error})", hint, refusal=Refusal(None))
            except httpx.ConnectTimeout:
                hint = "Check that the server runs and that base_url is right"
                self._fail(url, "no connection in time", hint, refusal=Refusal(None))
            except httpx.TimeoutException:
                what = "its answer was not complete" if allowance.reads else "no data"
                within = f"{what} within timeout_s = {self._timeout_s:g}"
                self._fail(url, within, "Raise timeout_s, or see the server's log", kind=FailedRequestError)
            except httpx.InvalidURL:  # of a redirect; httpx looks at it though it does not follow
                self._fail(url, "it redirects, but not to a URL", "Correct base_url")
            except httpx.HTTPError as error:
                kind = SpoiledAnswerError if self._own.spoiled(allowance) else ServerError
                self._fail(url, f"the connection broke ({type(error).__name__}: {error})", _SEE_LOG, kind=kind)

    def _refused(self, response: httpx.Response, url: str) -> NoReturn:
        body = _reason(response)
        spent = False
        try:
            error = json.loads(body)
            reason = error_text(error) if isinstance(error, dict) else body
            spent = is_spent(error)
        except (ValueError, RecursionError):
            reason = body
        code = response.status_code
        hint = _HINTS[402] if spent else _HINTS.get(code, _SEE_LOG)
        if response.has_redirect_location:
            hint = self._redirect_hint(response)
        elif response.is_redirect:  # 304: a cache answers what was not asked of it
            hint = "It names no other address: correct base_url, or go around a cache in front of the server"
        said = f"it answered HTTP {code}: {reason or '(no reason)'}"
        headers = {name.lower(): value for name, value in response.headers.items()}
        kind = FailedRequestError if code in _OF_ONE_REQUEST else ServerError
        self._fail(url, said, hint, kind=kind, refusal=Refusal(code, headers, spent))

    def _redirect_hint(self, response: httpx.Response) -> str:
        """Say where a redirect leads. None is followed: it would be sent the prompts."""
        try:
            target = response.request.url.join(response.headers.get("location", ""))
            shown = plain_text(public_url(str(target)))
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return "It redirects, but not to a URL: correct base_url"
        if target.scheme not in ("http", "https"):
            return f"It redirects to {shown}, which is not of HTTP: correct base_url"
        if target.host == self.base.host:
            return f"It redirects to {shown}: use that as base_url"
        return f"It redirects to another host, {shown}, which was sent nothing: write it as base_url if you trust it"

    def _fail(
        self, url: str, what: str, hint: str, *, kind: type[ServerError] = ServerError, refusal: Refusal | None = None
    ) -> NoReturn:
        # Shortened here and nowhere before, as a short piece of a key would not be recognised.
        shown = plain_text(what, limit=400).removesuffix(".")
        # From None: what led to it quotes the server, too, and a traceback would show it.
        message = f"{self._where}: {public_url(url)}: {shown}. {hint}"
        raise kind(message, shown, refusal) from None


def _assemble(body: Arrivals, assembly: Assembly) -> None:
    decoder = EventDecoder()
    while pieces := body.next(1 if assembly.at_once else TOGETHER):
        for arrived_s, content in pieces:
            alone = decoder.alone(content)
            for data in decoder.feed(content) if alone is None else (alone,):
                if assembly.add(data, arrived_s):
                    return
    arrived_s = now_s()
    for data in decoder.end():
        if assembly.add(data, arrived_s):
            return


def _refuse_encodings(response: httpx.Response) -> None:
    if names := encodings(response):
        raise StreamError(f"it sent an encoding that was not asked for: {plain_text(names, limit=60)}")


def _reason(response: httpx.Response) -> str:
    """Return the body of a refusal, as much of it as came."""
    if names := encodings(response):
        return f"(encoded as {plain_text(names, limit=60)}, which was not asked for)"
    body = b""
    with suppress(httpx.HTTPError, StreamError):  # the refusal itself is what counts
        for piece in response.iter_raw():
            body += piece
            if len(body) > MAX_REASON_BYTES:
                break
    return body[:MAX_REASON_BYTES].decode("utf-8", errors="replace")


def parse_url(base_url: str, where: str) -> httpx.URL:
    """Read a base URL.

    Raises:
        UserError: it is not one.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UserError(f"{where}: base_url is not a URL ({error}); write http://host:port/v1") from None
    if not url.host:
        raise UserError(f"{where}: base_url has no host; write http://host:port/v1")
    return url
