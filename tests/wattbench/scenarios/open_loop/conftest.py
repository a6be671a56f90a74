"""Engines of a known service time, for the real LoadGen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests
from wattbench.systems import Reply


class Served(MadeUpEngine):
    """Takes a stated time for each request, with a first token half-way; may fail some documents."""

    concurrent: ClassVar[bool] = True

    def __init__(self, seconds: float, *, fails: Sequence[int] = (), breaks: bool = False) -> None:
        self.seconds, self.fails, self.breaks = seconds, fails, breaks
        self.flying = self.most = 0
        self._lock = threading.Lock()

    def tells_first_token(self, request_type: str) -> bool:
        return True

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        return self.answer_live(request_type, requests, lambda: None)

    def answer_live(self, request_type, requests, first_token: Callable[[], None]) -> list[Reply]:
        with self._lock:
            self.flying += 1
            self.most = max(self.most, self.flying)
        try:
            time.sleep(self.seconds / 2)
            if int(requests[0].doc_id) in self.fails:
                raise ZeroDivisionError("a bug of its own") if self.breaks else UserError("the server said no")
            first_s = now_s()
            first_token()
            time.sleep(self.seconds / 2)
            last_s = now_s()
            return [Reply("4", (first_s, last_s), last_s, prompt_tokens=10, output_tokens=3) for _ in requests]
        finally:
            with self._lock:
                self.flying -= 1


class Alone(Served):
    """One at a time, in this process, and says nothing of tokens."""

    concurrent: ClassVar[bool] = False

    def tells_first_token(self, request_type: str) -> bool:
        return False

    def answer_live(self, request_type, requests, first_token):
        return [Reply("4") for _ in super().answer_live(request_type, requests, lambda: None)]


@pytest.fixture
def asks() -> list[ItemRequests]:
    """Eleven items, so that 44 queries are four askings of each."""
    return [
        ItemRequests(
            "generate_until", doc, (Instance("generate_until", {}, (f"q{doc}", {}), 0, metadata=("task", doc, 1)),)
        )
        for doc in range(11)
    ]


@pytest.fixture
def served() -> type[Served]:
    return Served


@pytest.fixture
def alone() -> type[Alone]:
    return Alone


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "loads" / "system" / "task" / "20" / "w0001"
