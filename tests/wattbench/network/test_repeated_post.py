"""A request that is prepared once is the one that httpx sends, and its answers and failures are those of httpx."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.made_up.raw_server import Piece, RawServer, page
from wattbench.network.allowance import allowed
from wattbench.network.bounded_network import bound
from wattbench.network.cookies import NoCookies
from wattbench.network.kept_connections import KeptConnections
from wattbench.network.repeated_post import RepeatedPost

HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def server() -> Iterator[RawServer]:
    raw = RawServer()
    yield raw
    raw.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(
        headers={"Accept-Encoding": "identity", "Authorization": "Bearer abc"},
        timeout=20.0,
        trust_env=False,
        cookies=NoCookies(),
    ) as made:
        bound(made)
        yield made


def prepared(client: httpx.Client, url: str, headers: dict[str, str]) -> Callable[[bytes], httpx.Response]:
    return RepeatedPost(client, KeptConnections(client, httpx.URL(url)), httpx.URL(url), headers).send


def by_httpx(client: httpx.Client, url: str, headers: dict[str, str]) -> Callable[[bytes], httpx.Response]:
    return lambda content: client.send(client.build_request("POST", url, content=content, headers=headers), stream=True)


BOTH = (prepared, by_httpx)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["/v1/completions", "/v1/completions?version=1&x=%20", "/"])
@pytest.mark.parametrize("user", ["", "name:pass%20word@"])
@pytest.mark.parametrize("more", [{}, {"Connection": "close"}])
def test_it_is_sent_as_by_httpx(
    client: httpx.Client, server: RawServer, place: str, user: str, more: dict[str, str]
) -> None:
    server.posts = [page(b"answer", "X-Some: header", "Set-Cookie: a=1")]
    url = f"http://{user}127.0.0.1:{server.port}{place}"
    read = []
    for way in BOTH:
        send = way(client, url, HEADERS | more)
        for content in (b"{}", b"x" * 70_000, b""):
            with allowed(20.0, 1 << 20):
                response = send(content)
                read.append((response.status_code, sorted(response.headers.items()), b"".join(response.iter_raw())))
                response.close()
    assert read[:3] == read[3:]
    assert [sorted(head.lower().splitlines()) for head in server.requests[:3]] == [
        sorted(head.lower().splitlines()) for head in server.requests[3:]
    ]
    assert len(server.requests) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", lambda connection: connection.shutdown(2)],
        [b"none of HTTP\r\n\r\n"],
        [lambda connection: connection.shutdown(2)],
        [page(b"", "Location: http://[::", status="307 Away")],
        [page(b"", "Location: ftp://elsewhere/", status="302 Away")],
        [page(b"", "Location: /other", status="301 Away")],
        [page(b"no", status="500 Fault")],
    ],
)
def test_answers_and_failures_are_those_of_httpx(client: httpx.Client, server: RawServer, pieces: list[Piece]) -> None:
    server.posts = pieces

    def outcome(send: Callable[[bytes], httpx.Response]) -> tuple[object, ...]:
        try:
            with allowed(20.0, 1 << 20):
                response = send(b"{}")
                try:
                    return response.status_code, response.is_redirect, b"".join(response.iter_raw())
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error), str(error)

    url = f"{server.base_url}/completions"
    ours, theirs = (outcome(way(client, url, HEADERS)) for way in BOTH)
    assert ours == theirs


@pytest.mark.slow
def test_nothing_listens(client: httpx.Client, server: RawServer) -> None:
    server.close()
    for way in BOTH:
        with pytest.raises(httpx.ConnectError), allowed(20.0, 1000):
            way(client, f"{server.base_url}/completions", HEADERS)(b"{}")


@pytest.mark.slow
def test_a_connection_carries_further_requests(client: httpx.Client, server: RawServer) -> None:
    connections = []
    server.posts = [connections.append, page(b"answer")]
    send = prepared(client, f"{server.base_url}/completions", HEADERS)
    for _ in range(3):
        with allowed(20.0, 1000):
            response = send(b"{}")
            assert b"".join(response.iter_raw()) == b"answer"
            response.close()
    assert len({id(connection) for connection in connections}) == 1


def test_another_transport_is_asked_through_httpx() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=request.content + b"!"))
    with httpx.Client(transport=transport) as client:
        assert prepared(client, "http://127.0.0.1:9/", HEADERS)(b"{}").read() == b"{}!"


def test_a_client_that_is_closed_sends_nothing(client: httpx.Client) -> None:
    send = prepared(client, "http://127.0.0.1:9/", HEADERS)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        send(b"{}")
