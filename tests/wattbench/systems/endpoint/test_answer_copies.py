"""A server, or a proxy, that sends answers twice: no request has the answer to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from tests.made_up.copying_server import CopyingServer, numbered
from wattbench.clock import now_s
from wattbench.network.get import Fetcher
from wattbench.systems.base import Reply
from wattbench.systems.endpoint.asker import ASKED_AGAIN, Asker, together
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.listing import listed_models
from wattbench.systems.endpoint.pacing import Pacer
from wattbench.systems.endpoint.refusals import FailedRequestError
from wattbench.systems.endpoint.request import EndpointRequest

pytestmark = pytest.mark.slow

REQUESTS = 60
REFUSAL = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"


def request(number: int) -> EndpointRequest:
    return EndpointRequest("completions", {"prompt": f"item {number}"}, (), ())


@contextmanager
def asker(server: CopyingServer, base_url: str | None = None) -> Iterator[Asker]:
    client = OpenAIClient(where="system 'far'", base_url=base_url or server.base_url, key=None, timeout_s=20.0)
    yield Asker(client, Pacer(None))
    client.close()
    server.close()


def answers(of: Asker, in_flight: int = 1) -> list[Reply]:
    """Ask all, so many at once, and check that each has its own answer."""
    asked: list[Reply] = []
    for first in range(0, REQUESTS, in_flight):
        asked += together([partial(of.ask, request(number)) for number in range(first, first + in_flight)])
    assert [each.value for each in asked] == [str(number) for number in range(REQUESTS)]
    return asked


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("late_s", [0.0, 0.001, 0.003, 0.010, None])
@pytest.mark.parametrize(
    ("name", "chunked"),
    [(numbered, True), (numbered, False), (lambda _: "", True), (lambda _: "chatcmpl-0", True)],
    ids=["chunked", "with-its-length", "no-ids", "one-id"],
)
def test_a_copy_is_the_answer_to_no_other_request(
    late_s: float | None, in_flight: int, name: Callable[[int], str], *, chunked: bool
) -> None:
    takes_s = late_s + 0.002 if late_s else 0.0  # the copy comes after the next request was written
    with asker(CopyingServer(late_s=late_s, takes_s=takes_s, name=name, chunked=chunked)) as of:
        asked = answers(of, in_flight)
    assert sum(each.resent for each in asked) <= in_flight


@pytest.mark.parametrize("late_s", [0.001, 0.010])
def test_a_copy_that_comes_at_any_moment_is_the_answer_to_no_other_request(late_s: float) -> None:
    with asker(CopyingServer(late_s=late_s)) as of:
        answers(of)


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 2", b"\r\n", b"0\r\n\r\n"])
@pytest.mark.parametrize("late_s", [0.0, None])
def test_late_bytes_end_no_run(extra: bytes, late_s: float | None) -> None:
    server = CopyingServer(late_s=late_s, copies=lambda _: extra)
    with asker(server) as of:
        answers(of)


@pytest.mark.parametrize(
    "copy",
    [lambda answer: answer[:60], lambda answer: answer[:120], lambda answer: answer[:200], lambda _: REFUSAL],
    ids=["head", "head-and-chunk", "half", "refusal"],
)
def test_a_part_of_a_copy_or_a_late_refusal_ends_no_run(copy: Callable[[bytes], bytes]) -> None:
    with asker(CopyingServer(late_s=None, copies=copy)) as of:
        for number in range(9):
            with suppress(FailedRequestError):
                assert of.ask(request(number)).value == str(number)


def test_a_server_whose_answers_differ_in_their_ids_keeps_its_connection() -> None:
    server = CopyingServer(late_s=0.0, copies=lambda _: b"")
    with asker(server) as of:
        assert not any(each.resent for each in answers(of))
        assert len(server.connections) == 1


def test_a_server_whose_answers_are_all_alike_is_asked_once_more_and_then_over_connections_of_their_own() -> None:
    server = CopyingServer(late_s=0.0, copies=lambda _: b"", name=lambda _: "chatcmpl-0")
    with asker(server) as of:
        assert [each.resent for each in answers(of)] == [0, 1] + [0] * (REQUESTS - 2)
        assert len(server.connections) == REQUESTS


def test_an_answer_that_is_replayed_to_all_is_that_of_no_other_request() -> None:
    server = CopyingServer(late_s=0.0, replaying_from=3, copies=lambda _: b"")
    with asker(server) as of:
        assert [of.ask(request(number)).value for number in range(3)] == ["0", "1", "2"]
        for number in range(3, 9):
            with pytest.raises(FailedRequestError, match="it sent an answer to one request to others as well"):
                of.ask(request(number))


def test_what_is_asked_again_has_the_latency_of_its_answer_and_says_so() -> None:
    with asker(CopyingServer(late_s=None, takes_s=0.05)) as of:
        of.ask(request(0))
        began_s = now_s()
        reply = of.ask(request(1))
    assert (reply.resent, reply.remark) == (1, ASKED_AGAIN)
    assert reply.waited_s > 0
    assert reply.sent_s is not None
    assert began_s + reply.waited_s <= reply.sent_s
    assert reply.finished_s - (began_s + reply.waited_s) >= 0.05


def test_what_may_not_wait_is_a_failed_request() -> None:
    with asker(CopyingServer(late_s=None)) as of:
        of.ask(request(0), once=True)
        with pytest.raises(FailedRequestError, match="it sent an answer again that it had sent before"):
            of.ask(request(1), once=True)
        assert of.ask(request(2), once=True).value == "2"


@pytest.mark.parametrize("late_s", [0.0, 0.003, None])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_through_a_proxy_too(monkeypatch: pytest.MonkeyPatch, late_s: float | None, in_flight: int) -> None:
    server = CopyingServer(late_s=late_s, takes_s=(late_s or 0.0) * 2)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    with asker(server, "http://far.test/v1") as of:
        answers(of, in_flight)
    assert server.requests[0].startswith(b"POST http://far.test/v1/completions")


def test_a_list_of_models_that_is_sent_twice_is_the_answer_to_no_other_request() -> None:
    server = CopyingServer(late_s=0.003, takes_s=0.006)
    with asker(server) as of:
        for number in range(9):
            assert listed_models(of._client) == ["tiny"]
            assert of.ask(request(number)).value == str(number)


def test_a_page_that_is_sent_twice_is_not_taken_for_the_next() -> None:
    server = CopyingServer(late_s=0.0)
    pages = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(9))
    server.models = lambda: next(pages)
    fetcher = Fetcher(server.base_url, timeout_s=20.0, accept="text/plain")
    seen = [fetcher.fetch().body for _ in range(6)]
    fetcher.close()
    server.close()
    assert seen == [b"0", b"1", b"2", b"3", b"4", b"5"]
