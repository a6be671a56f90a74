"""Servers that send whatever they like: a request ends in time, in little memory, in an answer or one message."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.made_up.raw_server import MODELS, Piece, RawServer, events, page, said, trickle
from wattbench.errors import UserError
from wattbench.systems.endpoint import client as openai_client
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.completion_stream import Completion
from wattbench.systems.endpoint.listing import Served, discover
from wattbench.systems.endpoint.request import EndpointRequest

pytestmark = pytest.mark.slow

TIMEOUT_S = 0.2
LATEST_S = 2.5
"""When a request must have ended on a machine that is busy with other tests; what trickles takes 3 seconds."""
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ASK = EndpointRequest("completions", {"prompt": "What is 3+4?"}, (), ())


@pytest.fixture
def raw() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()


@pytest.fixture
def client(raw: RawServer) -> Iterator[OpenAIClient]:
    client = OpenAIClient(where="system 'far'", base_url=raw.base_url, key="sk-secret", timeout_s=20.0)
    yield client
    client.close()


@pytest.fixture
def hasty(raw: RawServer) -> Iterator[OpenAIClient]:
    client = OpenAIClient(where="system 'far'", base_url=raw.base_url, key="sk-secret", timeout_s=TIMEOUT_S)
    yield client
    client.close()


def complete(client: OpenAIClient) -> Completion:
    return client.complete(ASK)


def get_models(client: OpenAIClient) -> Served:
    return discover(client, None, "system 'far'")


def in_time(call: Callable[[], object]) -> str:
    """The message of a call that must fail, and soon."""
    began_s = time.monotonic()
    message = failure(call)
    assert time.monotonic() - began_s < LATEST_S
    return message


def failure(call: Callable[[], object]) -> str:
    """The message of a call that must fail."""
    with pytest.raises(UserError) as caught:
        call()
    message = str(caught.value)
    assert message.startswith("system 'far': http://127.0.0.1:")
    assert len(message) < 800
    assert message.isprintable()
    return message


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


ENDLESS = "HTTP/1.1 200 OK\r\nX: "
TRICKLES: dict[str, list[Piece]] = {
    "silence": [5.0],
    "status-line": trickle(b"HTTP/1.1 ", b"2"),
    "headers": trickle(b"HTTP/1.1 200 OK\r\n", b"X-Wait: 1\r\n"),
    "one-header": trickle(ENDLESS.encode(), b"x"),
    "continue": trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early-hints": trickle(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
    "comments": trickle(HEAD, chunked(b": ping\n\n")),
    "bytes": trickle(HEAD, chunked(b"d")),
    "chunk-size": trickle(HEAD, b"0"),
    "chunk-extension": trickle(HEAD + b"5;", b"x"),
    "body-by-length": trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b" "),
    "body-until-closed": trickle(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "answers": trickle(HEAD, chunked(events(said("a"), end=b""))),
    "trailers": trickle(HEAD + chunked(events(said("a"), end=b"")) + b"0\r\n", b"X: 1\r\n"),
    "error-body": trickle(b"HTTP/1.1 500 Oh\r\nContent-Length: 999\r\n\r\n", b"x"),
    "redirect-body": trickle(b"HTTP/1.1 307 Go\r\nLocation: /v2\r\nContent-Length: 999\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("pieces", TRICKLES.values(), ids=TRICKLES)
def test_whatever_trickles_an_answer_ends_in_time(raw: RawServer, hasty: OpenAIClient, pieces: list[Piece]) -> None:
    raw.posts = pieces
    message = in_time(lambda: complete(hasty))
    assert "timeout_s = 0.2" in message or "HTTP 500: xx" in message or "It redirects to" in message


@pytest.mark.parametrize("kind", ["headers", "continue", "body-by-length", "error-body"])
def test_whatever_trickles_a_list_of_models_ends_in_time(raw: RawServer, hasty: OpenAIClient, kind: str) -> None:
    raw.gets = TRICKLES[kind]
    in_time(lambda: get_models(hasty))


@pytest.mark.parametrize("kind", ["headers", "continue", "body-by-length", "error-body"])
def test_whatever_trickles_a_check_for_readiness_ends_in_time(raw: RawServer, hasty: OpenAIClient, kind: str) -> None:
    raw.gets = TRICKLES[kind]
    began_s = time.monotonic()
    hasty.answers("/health")
    assert time.monotonic() - began_s < LATEST_S


def test_a_server_that_does_not_read_ends_in_time(raw: RawServer, hasty: OpenAIClient) -> None:
    raw.close()
    with socket.create_server(("127.0.0.1", raw.port)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        over = threading.Event()

        def sip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not over.wait(0.02) and connection.recv(4096):
                    pass

        threading.Thread(target=sip, daemon=True).start()
        long = EndpointRequest("completions", {"prompt": "x" * (16 << 20)}, (), ())
        assert "timeout_s = 0.2" in in_time(lambda: hasty.complete(long))
        over.set()


@pytest.mark.alone
def test_addresses_that_never_connect_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # A listener whose queue is full drops what knocks next, as a firewall does.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        resolve = socket.getaddrinfo

        def many(host: str, *rest: Any, **more: Any) -> Any:
            return [address] * 20 if host == "many.test" else resolve(host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", many)
        monkeypatch.setenv("no_proxy", "*")
        far = OpenAIClient(where="system 'far'", base_url=f"http://many.test:{port}/v1", key=None, timeout_s=TIMEOUT_S)
        began_s = time.monotonic()
        with pytest.raises(UserError, match="no connection in time"):
            complete(far)
        assert time.monotonic() - began_s < LATEST_S
        far.close()
        for each in waiting:
            each.close()


@pytest.mark.alone
def test_through_a_proxy_too_it_ends_in_time(raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{raw.port}")
    raw.posts = TRICKLES["headers"]
    far = OpenAIClient(where="system 'far'", base_url="http://127.0.0.1.nip.test/v1", key=None, timeout_s=TIMEOUT_S)
    with pytest.raises(UserError, match=r"timeout_s = 0\.2"):
        far.complete(ASK)
    far.close()
    assert raw.requests[0].startswith(b"POST http://127.0.0.1.nip.test/v1/completions")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".test", "no-such-host.invalid", "127.0.0.1:99999"])
def test_a_host_that_is_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    url = f"http://{host}/v1"
    with pytest.raises(UserError, match=r"system 'far'.*base_url"):
        OpenAIClient(where="system 'far'", base_url=url, key=None, timeout_s=TIMEOUT_S).complete(ASK)


BOMB = gzip.compress(gzip.compress(b"\0" * (1 << 20)))


@pytest.mark.parametrize(
    ("encoding", "status"),
    [
        *[(encoding, "200 OK") for encoding in ("gzip, gzip", "gzip", "deflate", "br", "zstd", "identity, gzip", "x")],
        ("gzip, gzip", "500 Oh"),
    ],
)
def test_an_encoding_that_was_not_asked_for_is_refused(
    raw: RawServer, client: OpenAIClient, encoding: str, status: str
) -> None:
    raw.posts = raw.gets = [page(BOMB, f"Content-Encoding: {encoding}", status=status)]
    said_of = "it sent an encoding that was not asked for" if status.startswith("200") else "HTTP 500: (encoded as"
    for call in (complete, get_models):
        assert said_of in failure(lambda call=call: call(client))  # type: ignore[misc]
    assert all(b"accept-encoding: identity" in head.lower() for head in raw.requests)


def test_identity_is_no_encoding(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [page(events(said("4", "stop")), "Content-Encoding: Identity")]
    assert complete(client).text == "4"


FLOODS = {
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    "chunk-extension": HEAD + b"1;" + b"x" * 60_000,
    "header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000,
    "comments": HEAD + chunked(b": ping\n\n" * 8000) * 2,
    "line": HEAD + chunked(b"data: " + b"x" * 60_000),
    "answers": HEAD + chunked(events(said("a" * 1000), end=b"") * 60),
    "error": b"HTTP/1.1 500 Oh\r\n\r\n" + b"x" * 60_000,
    "trailers": HEAD + b"0\r\n" + b"X: 1\r\n" * 10_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_is_cut_off_at_its_bytes(
    raw: RawServer, client: OpenAIClient, flood: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def pour(connection: socket.socket) -> None:
        while True:
            sent.append(connection.send(flood.removeprefix(HEAD) or flood if sent else flood))

    for limit in ("MAX_STREAM_BYTES", "MAX_BODY_BYTES"):
        monkeypatch.setattr(openai_client, limit, 100_000)
    raw.posts = raw.gets = [pour]
    failure(lambda: complete(client))
    failure(lambda: get_models(client))
    client.answers("/health")
    assert sum(sent) < 60 << 20  # what the kernel's buffers take included


def test_a_long_answer_takes_little_memory(raw: RawServer, client: OpenAIClient) -> None:
    # One character outside the basic plane makes Python keep a text at four bytes a character.
    event = events(said("a" * 900_000 + "\N{GRINNING FACE}"), end=b"")
    raw.posts = [HEAD, *[chunked(event)] * 70]
    far = OpenAIClient(where="system 'far'", base_url=raw.base_url, key=None, timeout_s=20.0)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="more than 4194304 characters"):
        far.complete(ASK)
    far.close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 200 << 10


@pytest.mark.parametrize(
    ("location", "hint", "status"),
    [
        *[("http://evil.test/", "to another host, http://evil.test/", status) for status in (301, 302, 303, 308)],
        ("/v2/completions", "use that as base_url", 307),
        ("http://evil.test/v1?token=sk-secret", "to another host, http://evil.test/v1", 307),
        ("//evil.test/v1", "to another host, http://evil.test/v1", 307),
        ("http://me:sk-secret@evil.test/", "to another host, http://evil.test/", 307),
        ("http://[", "HTTP", 307),
        ("http://a..b/", "HTTP", 307),
        *[
            (
                f"{scheme}://{host}/v1",
                f"redirects to {scheme}://{host}/v1, which is not of HTTP: correct base_url",
                status,
            )
            for scheme in ("gopher", "ftp")
            for host in ("evil.test", "127.0.0.1")
            for status in (301, 308)
        ],
        ("file:///etc/passwd", "which is not of HTTP: correct base_url", 307),
        ("http://x\xff\x01/", "", 307),
        ("", "HTTP", 307),
    ],
)
def test_redirects_are_refused(raw: RawServer, client: OpenAIClient, location: str, hint: str, status: int) -> None:
    raw.posts = raw.gets = [page(b"", f"Location: {location}", status=f"{status} Go")]
    for call in (complete, get_models):
        message = failure(lambda call=call: call(client))  # type: ignore[misc]
        assert hint in message
        assert "sk-" not in message
    assert not client.answers("/health")
    assert len(raw.requests) == 3, "no redirect was followed"


@pytest.mark.parametrize("status", [300, 304, 305, 306])
@pytest.mark.parametrize("headers", [(), ("Location: http://evil.test/",)])
def test_what_answers_nothing_is_no_redirect(
    raw: RawServer, client: OpenAIClient, status: int, headers: tuple[str, ...]
) -> None:
    raw.posts = raw.gets = [page(b"", *headers, status=f"{status} Go")]
    for call in (complete, get_models):
        message = failure(lambda call=call: call(client))  # type: ignore[misc]
        assert f"it answered HTTP {status}: (no reason). It names no other address: correct base_url" in message
    assert len(raw.requests) == 2


@pytest.mark.parametrize(
    "reason", ["content_filter", "tool_calls", "function_call", "abort", "error", "STOP", "x" * 900]
)
def test_another_finish_reason_is_a_failure(raw: RawServer, client: OpenAIClient, reason: str) -> None:
    raw.posts = [page(events(said("4"), said("", reason)))]
    assert f"finish_reason {reason[:20]}" in failure(lambda: complete(client))


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_nothing_after_the_end_is_appended(raw: RawServer, client: OpenAIClient, reason: str) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    raw.posts = [page(events(said("4", reason), said("2"), usage) + events(said("!"), {"error": "late"}))]
    done = complete(client)
    assert (done.text, done.finish_reason, len(done.token_s), done.usage.output_tokens) == ("4", reason, 1, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"data: [DONE]\n\n",
        b": ping\n\ndata: [DONE]\n\n",
        events({"choices": []}),
        events(said("")),
        events(said("4"), end=b""),
        events({"choices": [{"index": 1, "text": "4", "finish_reason": "stop"}]}),
    ],
)
def test_a_stream_without_an_end_is_no_answer(raw: RawServer, client: OpenAIClient, body: bytes) -> None:
    raw.posts = [page(body)]
    assert "ended without a finish_reason" in failure(lambda: complete(client))


def test_a_text_may_end_without_a_reason(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [page(events(said("4")))]
    assert complete(client).text == "4"


def test_a_model_may_say_nothing(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [page(events(said("", "stop")))]
    assert complete(client).text == ""


@pytest.mark.alone
def test_after_the_end_nothing_is_waited_for(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [HEAD + chunked(events(said("4", "stop"))), *trickle(b"", chunked(b": ping\n\n"))]
    began_s = time.monotonic()
    done = complete(client)
    assert time.monotonic() - began_s < LATEST_S
    assert done.finished_s is not None
    assert done.finished_s == done.token_s[0]


def test_an_answer_that_came_before_its_request_is_not_taken_for_it(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [page(events(said("4", "stop"))) + page(events(said("stale", "stop")))]
    assert [complete(client).text for _ in range(3)] == ["4", "4", "4"]


def test_cookies_are_not_kept(raw: RawServer, client: OpenAIClient) -> None:
    raw.posts = [page(events(said("4", "stop")), *[f"Set-Cookie: c{number}=1" for number in range(90)])]
    complete(client)
    complete(client)
    assert b"cookie" not in raw.requests[1].lower()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0" * 300,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 No\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x00\x01",
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe;\x1b[2J\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 4\r\n\r\n\xff\xfe\x1b[",
    ],
)
def test_what_is_no_answer_at_all(raw: RawServer, client: OpenAIClient, answer: bytes) -> None:
    raw.posts = raw.gets = [answer, lambda connection: connection.shutdown(socket.SHUT_RDWR)]
    failure(lambda: complete(client))
    failure(lambda: get_models(client))
    assert not client.answers("/health") or b" 200 OK" in answer


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"data": ' * 50_000,
        b"nul",
        b'"x"',
        b"\xff\xfe{",
    ],
)
def test_a_list_of_models_that_is_none(raw: RawServer, client: OpenAIClient, body: bytes) -> None:
    raw.gets = [page(body)]
    assert "its answer " in failure(lambda: get_models(client))


def test_a_list_of_models_without_an_object_around_it_is_one(raw: RawServer, client: OpenAIClient) -> None:
    raw.gets = [page(b'[{"id": "tiny"}, 3, {}]')]
    assert get_models(client).model == "tiny"


def test_a_list_of_models_that_is_too_long(raw: RawServer, client: OpenAIClient) -> None:
    raw.gets = [page(b'{"data": [{"id": "tiny"}]}' + b" " * openai_client.MAX_BODY_BYTES)]
    assert "it sent more than 4194304 bytes" in failure(lambda: get_models(client))


def test_what_a_server_states_of_its_model_is_short_printable_and_countable(
    raw: RawServer, client: OpenAIClient
) -> None:
    raw.gets = [
        page(
            b'{"data": [{"id": "tiny", "meta": {"n_params": 1%b, "size": -4, "ftype": "\\u001b[2JQ4%b"}}]}'
            % (b"0" * 400, b"x" * 9000)
        )
    ]
    served = get_models(client)
    assert (served.parameters, served.bytes) == (None, None)
    assert served.dtype is not None
    assert len(served.dtype) < 200
    assert served.dtype.isprintable()


def test_a_server_is_asked_again_after_any_of_it(raw: RawServer, client: OpenAIClient) -> None:
    good, raw.posts = raw.posts, [b"nonsense\r\n\r\n"]
    failure(lambda: complete(client))
    raw.posts = good
    assert complete(client).text == "4"
    assert get_models(client).model == "tiny"
    assert raw.gets == [MODELS]


class OneAtATime(RawServer):
    """Serves a connection until the client closes it, and accepts no other before."""

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._serve(connection)


def test_a_server_of_one_connection_at_a_time_is_not_kept_waiting() -> None:
    server = OneAtATime()
    numbers = itertools.count()

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunked(events(said("4", "stop", id=f"cmpl-{next(numbers)}"))) + b"0\r\n\r\n")

    server.posts = [answer]
    client = OpenAIClient(where="system 'far'", base_url=server.base_url, key=None, timeout_s=5.0)
    try:
        for _ in range(2):
            assert client.get("models") is not None
            assert [client.complete(ASK).text for _ in range(2)] == ["4", "4"]
    finally:
        client.close()
        server.close()
