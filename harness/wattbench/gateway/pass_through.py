"""Pass calls through to a server as they are, and describe each of them.

Bodies pass byte for byte, as they come; nothing is held back until it is read. Headers pass but for those of one
connection (RFC 9110, section 7.6.1), the host, the session, keys that are replaced, and `Accept-Encoding`: what cannot
be unpacked could not be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.responses import JSONResponse

from wattbench.gateway.answer_reader import MOST_WHOLE_BYTES, AnswerReader
from wattbench.gateway.sessions import SESSION_HEADER, OpenSession, Sessions
from wattbench.network.connections import CONNECT_S, KEEP_ALIVE_S
from wattbench.records.rows.calls import Protocol
from wattbench.redaction import Known, hide, hide_known
from wattbench.terminal import clipped, printable

MOST_BODY_BYTES = 64 << 20
"""Of a request, and of an answer."""
MOST_KEPT_BYTES = 1 << 20
"""Of a body that is recorded: a longer one is cut."""
MOST_CHARACTERS = 300
"""Of a text of the server in a record."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_OF_CONNECTION = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding "
    b"upgrade".split()
)
_REPLACED = frozenset([b"host", b"accept-encoding", b"content-length", SESSION_HEADER.encode()])
_KEYS = {b"authorization": b"Bearer %s", b"x-api-key": b"%s", b"api-key": b"%s"}
"""Headers that hold a key, and how."""
_SECRETS = (*_KEYS, b"cookie", b"x-goog-api-key")
_VERSION = re.compile(r"/v\d[^/]*")
_GONE = "the client went away"


@dataclass(eq=False)
class Call:
    """A call under way."""

    scope: Mapping[str, Any]
    session: OpenSession | None = None
    path: str = ""
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    body: bytes = b""
    sent: bool = False
    retry_of: str | None = None
    started_s: float = field(default_factory=time.perf_counter)
    """On the clock that all processes of the machine share; so the next ones."""
    first_byte_s: float | None = None
    finished_s: float = 0.0
    status: int | None = None
    answer: AnswerReader | None = None
    answer_started: bool = False
    answer_bytes: int = 0
    kept: bytearray = field(default_factory=bytearray)
    """The start of the answer, where it is recorded."""
    error: str | None = None
    limit: str | None = None
    """The limit of its session by which it was refused."""
    given_up: bool = False
    over: bool = False
    task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)

    @property
    def protocol(self) -> Protocol:
        """Return what was called, by the end of the path."""
        *_, before, last = ("", *self.path.split("/"))
        name = "chat" if (before, last) == ("chat", "completions") else last
        protocols: tuple[Protocol, ...] = get_args(Protocol)
        return next((each for each in protocols if each == name), "other")

    @property
    def is_model_call(self) -> bool:
        """Return whether a model is asked: a list of models, or whether a server is ready, are no calls."""
        return bool(self.scope["method"] == "POST")

    @property
    def digest(self) -> bytes:
        """Return a digest of its body."""
        return hashlib.blake2b(self.body, digest_size=16).digest()

    def give_up(self, why: str) -> None:
        """End it now, and close its connection to the server."""
        if not self.over and not self.given_up and self.task is not None:
            self.given_up, self.error = True, why
            self.task.cancel()


class PassThrough:
    """The ASGI application of a gateway."""

    def __init__(
        self,
        *,
        base_url: str,
        key: str | None,
        timeout_s: float,
        proxy: str | None,
        record_prompts: bool,
        adopts: bool,
        report: Callable[[Mapping[str, Any]], None],
        room: Callable[[], Awaitable[object]],
    ) -> None:
        """Prepare, without a connection.

        Args:
            base_url: of the server.
            key: sent in place of those of clients.
            timeout_s: for one call.
            proxy: its URL, if the server is behind one.
            record_prompts: whether bodies are reported.
            adopts: as of `Sessions`.
            report: takes events.
            room: waits until reports are taken; no new call begins meanwhile.
        """
        url = urlsplit(base_url)
        version = _VERSION.search(url.path)
        self._base = url.path.rstrip("/")
        self._root = self._base[: version.start()] if version else self._base
        self._versioned = version is not None
        self._url = httpx.URL(url._replace(path="/", query="", fragment="").geturl())
        self._host = url.netloc.rpartition("@")[2].encode("idna" if not url.netloc.isascii() else "ascii")
        self._key = None if key is None else key.encode()
        self._timeout_s, self._record_prompts = timeout_s, record_prompts
        self._report, self._room = report, room
        self.sessions = Sessions(adopts=adopts)
        self._under_way: set[Call] = set()
        self._transport = httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEP_ALIVE_S),
            proxy=proxy,
        )

    def close_session(self, name: str) -> None:
        """End a session: its calls under way end, and `closed` is reported after them."""
        session = self.sessions.close(name)
        for call in session.under_way if session else ():
            call.give_up("its session was closed")
        if session is not None:
            session.closed = True
            self._report_closed(session)

    async def close(self) -> None:
        """End every call under way, and wait until they are reported."""
        calls = [call for call in self._under_way if call.task is not None]
        for call in calls:
            call.give_up("the gateway ended")
        await asyncio.gather(*(call.task for call in calls if call.task is not None), return_exceptions=True)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass one call through."""
        await self._room()
        call = Call(scope)
        self._under_way.add(call)
        watcher: asyncio.Task[None] | None = None
        refusal: tuple[int, str] | None = (500, "the gateway failed")
        try:
            async with asyncio.timeout(self._timeout_s):
                refusal = await self._admitted(call, receive)
                if refusal is None:
                    watcher = asyncio.create_task(_watch(call, receive))
                    refusal = await self._forward(call, send)
        except TimeoutError:
            refusal = 504, f"no whole answer within {self._timeout_s:g} s"
        except asyncio.CancelledError:
            if not call.given_up or call.task is None:
                raise
            call.task.uncancel()
            refusal = 410, call.error or ""
        finally:
            call.over = True
            self._under_way.discard(call)
            if watcher is not None:
                watcher.cancel()
            if refusal is not None:
                call.error = call.error or refusal[1]
            self._finish(call)
        if refusal is not None and not call.answer_started and call.error != _GONE:
            await _refuse(*refusal)(scope, receive, send)

    async def _admitted(self, call: Call, receive: Receive) -> tuple[int, str] | None:
        """Read a request, and return why it is not sent: the status and the text of the refusal."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in call.scope["headers"]}
        call.path = call.scope["raw_path"].decode("ascii")
        unknown = False
        try:
            call.session, call.path = self.sessions.find(call.path, headers)
        except KeyError:
            unknown = True
        body, size = [], 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return 400, _GONE
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size <= MOST_BODY_BYTES:
                body.append(piece)
        call.body = b"".join(body)
        if unknown:
            return 410, "it named a session that is not open"
        if size > MOST_BODY_BYTES:
            return 413, f"its body has more than {MOST_BODY_BYTES >> 20} MiB"
        if call.session is None or not call.is_model_call:
            return None
        await call.session.settled.wait()
        call.limit = call.session.refusal()
        if call.limit is not None:
            return 403, f"a limit of its session is reached ({call.limit})"
        call.session.calls += 1
        call.session.under_way.add(call)
        if call.session.failed:
            call.retry_of = call.session.failed.get(call.digest)
        return None

    async def _forward(self, call: Call, send: Send) -> tuple[int, str] | None:
        """Send a request and pass its answer on.

        Returns:
            Why there is no whole answer, as `_admitted` does.
        """
        request = httpx.Request(
            call.scope["method"],
            self._url,
            headers=self._headers(call),
            content=call.body,
            extensions={"target": self._target(call), "timeout": {"connect": CONNECT_S}},
        )
        call.started_s, call.sent = time.perf_counter(), True
        if call.is_model_call:
            self._report({"event": "begun", "row": _begun(call)})
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            return 502, "the server cannot be reached"
        except httpx.TransportError as error:
            return 502, f"the connection to the server broke ({type(error).__name__})"
        try:
            return await self._pass_on(call, response, send)
        except httpx.TransportError as error:
            return 502, f"the connection to the server broke ({type(error).__name__})"
        finally:
            await response.aclose()

    async def _pass_on(self, call: Call, response: httpx.Response, send: Send) -> tuple[int, str] | None:
        call.status = response.status_code
        if call.status > 599:
            return 502, f"the server answered with the impossible status {call.status}"
        call.answer = AnswerReader(call.protocol, response.headers)
        headers = [(name.lower(), value) for name, value in _end_to_end(response.headers.raw)]
        await send({"type": "http.response.start", "status": call.status, "headers": headers})
        call.answer_started = True
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for piece in response.stream:
            call.finished_s = time.perf_counter()
            if call.first_byte_s is None:
                call.first_byte_s = call.finished_s
            call.answer_bytes += len(piece)
            if call.answer_bytes > MOST_BODY_BYTES:
                return 502, f"the answer has more than {MOST_BODY_BYTES >> 20} MiB"
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            call.answer.feed(piece)
            if self._record_prompts:
                call.kept += piece[: MOST_KEPT_BYTES - len(call.kept)]
        call.over = True
        call.finished_s = time.perf_counter()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        call.answer.end()
        return None

    def _target(self, call: Call) -> bytes:
        """Return the path and the query for the server.

        A client's `/v1` is the base URL's own path where that has a version; without one, it is added to it.
        """
        path = call.path
        if self._versioned and (path == "/v1" or path.startswith("/v1/")):
            path = self._base + path.removeprefix("/v1")
        else:
            path = self._root + path
        query = call.scope["query_string"]
        return path.encode() + (b"?" + query if query else b"")

    def _headers(self, call: Call) -> list[tuple[bytes, bytes]]:
        given = list(_end_to_end(call.scope["headers"]))
        kept = [(name, value) for name, value in given if name not in _REPLACED and not (self._key and name in _KEYS)]
        if self._key is not None:
            default = b"x-api-key" if call.protocol == "messages" else b"authorization"
            names = {name for name, _ in given if name in _KEYS} or {default}
            kept += [(name, _KEYS[name] % self._key) for name in names]
        return [(b"host", self._host), *kept, (b"accept-encoding", b"identity")]

    def _finish(self, call: Call) -> None:
        """Report a call that has ended."""
        session = call.session
        call.finished_s = call.finished_s if call.finished_s and call.error is None else time.perf_counter()
        if call.is_model_call and (call.sent or call.error != _GONE):
            row = _ended(call, self._record_prompts)
            if session is not None and call.sent:
                session.tokens += (row.get("prompt_tokens") or 0) + (row.get("output_tokens") or 0)
                if row["error"] is not None:
                    session.failed[call.digest] = call.name
                session.unsettle()
            self._report({"event": "ended", "row": row, "limit": call.limit})
        if session is not None:
            session.under_way.discard(call)
            self._report_closed(session)

    def _report_closed(self, session: OpenSession) -> None:
        if session.closed and not session.under_way:
            self._report({"event": "closed", "session": session.id})


async def _watch(call: Call, receive: Receive) -> None:
    """Give a call up when its client goes away."""
    while (await receive())["type"] != "http.disconnect":
        """A body that follows the request is no part of it."""
    call.give_up(_GONE)


def _refuse(status: int, message: str) -> JSONResponse:
    """Return an error in the form that clients of both protocols read."""
    error = {"type": "wattbench_gateway", "message": f"wattbench's gateway: {message}", "code": status}
    return JSONResponse({"type": "error", "error": error}, status)


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """Return the headers without those of one connection."""
    headers = list(headers)
    named = {
        each.strip().lower() for name, value in headers if name.lower() == b"connection" for each in value.split(b",")
    }
    return [each for each in headers if each[0].lower() not in _OF_CONNECTION | named]


def _begun(call: Call) -> dict[str, Any]:
    return {
        "call": call.name,
        "session": call.session.id if call.session else "",
        "protocol": call.protocol,
        "path": clipped(printable(hide(call.path)), MOST_CHARACTERS),
        "started_s": call.started_s,
        "finished_s": call.started_s,
        "request_bytes": len(call.body),
        "retry_of": call.retry_of,
    }


def _ended(call: Call, record_prompts: bool) -> dict[str, Any]:
    """Return the fields of the row of a call, as far as they are known here."""
    answer = call.answer
    asked: Any = {}
    if len(call.body) <= MOST_WHOLE_BYTES:
        try:
            asked = json.loads(call.body)
        except (ValueError, RecursionError):
            asked = {}
    asked = asked if isinstance(asked, dict) else {}
    error = call.error
    if error is None and answer is not None and (answer.error or (call.status or 0) >= 400):
        reason = f": {answer.error}" if answer.error else ""
        error = f"the server answered HTTP {call.status}{reason}"
    known = Known()
    for secret in _secrets(call.scope):
        known.add(secret)

    def plain(text: object) -> str | None:
        if not isinstance(text, str) or not text:
            return None
        line = " ".join(hide(known.hidden_in(text[: MOST_BODY_BYTES >> 10])).split())
        return clipped(printable(line), MOST_CHARACTERS)

    def kept(body: bytes | bytearray) -> str | None:
        if not (record_prompts and body):
            return None
        text = bytes(body[:MOST_KEPT_BYTES]).decode("utf-8", errors="replace")
        return str(hide_known(known.hidden_in(text, in_data=True)))

    return _begun(call) | {
        "sent": call.sent,
        "model_asked": plain(asked.get("model")),
        "model_answered": plain(answer and answer.model),
        "first_byte_s": call.first_byte_s,
        "finished_s": call.finished_s,
        "status": call.status,
        "streamed": answer.streamed if answer else asked.get("stream") is True,
        "finish_reason": plain(answer and answer.finish_reason),
        "tool_calls": answer.tool_calls if answer else None,
        "error": plain(error),
        "answer_bytes": call.answer_bytes,
        "stated_cost": answer.stated_cost if answer else None,
        "request": kept(call.body),
        "answer": kept(call.kept),
        **({} if answer is None else answer.tokens.counts),
    }


def _secrets(scope: Mapping[str, Any]) -> Iterable[str]:
    """Return what a request has in the headers and parts of the query that may hold a key."""
    for name, value in scope["headers"]:
        if name in _SECRETS:
            text = value.decode("latin-1")
            yield text.removeprefix("Bearer ").removeprefix("Basic ")
            yield from (part.partition("=")[2] for part in text.split(";") if name == b"cookie")
    yield from (value for _, value in parse_qsl(scope["query_string"].decode("latin-1")))
