"""Plant a regression: make a system worse by a known amount, to see whether a gate detects it."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from wattbench.clock import now_s
from wattbench.errors import UserError, nearest
from wattbench.systems import Engine, ExpertsUsed, Facts, Mixture, Reply, TaskContext
from wattbench.systems.base import GENERATE

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_PATTERN = re.compile(r"([a-z]+)=(\d+(?:\.\d+)?)(%?)")
MOST = 10.0
"""Ten times as slow, or as much work. At most all answers can be dropped."""
ROUNDING = 1e-9
"""Ten times a tenth is a little less than one."""


@dataclass(frozen=True)
class Plant:
    """How much worse a system is made. Shares: 0.2 is 20%."""

    delay: float = 0.0
    """Of a reply's own time, by which it is delayed; nothing is computed meanwhile."""
    drop: float = 0.0
    """Of the documents, whose answers are emptied."""
    work: float = 0.0
    """Of the requests, which are asked once more."""

    def as_record(self) -> dict[str, float]:
        """Return the shares that are not 0."""
        return {name: share for name, share in asdict(self).items() if share}

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self | None:
        """Parse ``delay=20%`` and the like; None without any.

        Raises:
            UserError: it is none of the three, or not a share.
        """
        shares: dict[str, float] = {}
        for each in texts:
            matched = _PATTERN.fullmatch(each.strip())
            names = ("delay", "drop", "work")
            if matched is None or matched[1] not in names:
                hint = nearest(each.partition("=")[0], names)
                raise UserError(f"--plant {each}: write delay=20%, drop=5% or work=10%{hint}")
            share = float(matched[2]) / (100 if matched[3] else 1)
            most = 1.0 if matched[1] == "drop" else MOST
            if not 0 < share <= most:
                raise UserError(f"--plant {each}: the share must be more than 0 and at most {most:.0%}")
            shares[matched[1]] = share
        return cls(**shares) if shares else None


def planted(engine: Engine, plant: Plant, *, seed: int = 0) -> Engine:
    """Return the same system, made worse.

    Args:
        engine: loaded; closing what is returned closes it.
        plant: by how much.
        seed: which documents' answers are dropped.
    """
    return _PlantedEngine(engine, plant, seed)


class _PlantedEngine(Engine):
    """Asks the engine that it wraps, and makes the result worse."""

    def __init__(self, engine: Engine, plant: Plant, seed: int) -> None:
        self._engine, self._plant, self._seed = engine, plant, seed
        self.lm = engine.lm
        self.concurrent = engine.concurrent  # type: ignore[misc]  # a class's own elsewhere; here it is the wrapped one's
        self._credit = 0.0
        self._counting = threading.Lock()  # a server is asked by several threads

    @classmethod
    def check(cls, name: str, config: Any) -> None:
        """Nothing to check: the wrapped system was checked."""

    @classmethod
    def open(cls, name: str, config: Any, *, batch: int, seed: int) -> Self:
        """Raise: it is only made from an open engine."""
        raise NotImplementedError("wrap an open engine with `planted`")

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Ask, ask some requests again, wait, and empty some answers."""
        if self._plant.drop and request_type != GENERATE:
            raise UserError("--plant drop empties texts, but this task asks for likelihoods: use delay or work")
        started_s = now_s()
        replies = self._engine.answer(request_type, requests)
        replies = [
            self._asked_again(request_type, request, reply, self._due())
            for request, reply in zip(requests, replies, strict=True)
        ]
        if self._plant.delay:
            time.sleep(self._plant.delay * (now_s() - started_s))
            replies = [self._stretched(reply, started_s) for reply in replies]
        return [
            replace(reply, value="") if self._loses(request) else reply
            for request, reply in zip(requests, replies, strict=True)
        ]

    def _due(self) -> int:
        """Return how often to ask this request again: every tenth once, say, however they are batched."""
        with self._counting:
            self._credit += self._plant.work
            due = int(self._credit + ROUNDING)
            self._credit -= due
        return due

    def _asked_again(self, request_type: str, request: Instance, reply: Reply, times: int) -> Reply:
        """Ask a request again; return the first reply, complete when the last one is."""
        for _ in range(times):
            self._engine.answer(request_type, [request])
        return reply if not times or reply.finished_s is None else replace(reply, finished_s=now_s())

    def _stretched(self, reply: Reply, started_s: float) -> Reply:
        """Delay every stamp by the share, counted from when it was sent."""

        def later(at_s: float) -> float:
            return started_s + (at_s - started_s) * (1 + self._plant.delay)

        finished_s = None if reply.finished_s is None else later(reply.finished_s)
        return replace(reply, token_s=tuple(map(later, reply.token_s)), finished_s=finished_s)

    def _loses(self, request: Instance) -> bool:
        if not self._plant.drop:
            return False
        of_document = f"{self._seed}: {request.task_name}: {request.doc_id}"
        return random.Random(of_document).random() < self._plant.drop  # noqa: S311 - a draw to repeat, no secret

    def facts(self) -> Facts:
        """Return those of the wrapped system, as all methods below: it is made of the same."""
        return self._engine.facts()

    def parts(self) -> Mapping[str, int | None]:
        return self._engine.parts()

    def begin_task(self, context: TaskContext) -> None:
        self._engine.begin_task(context)

    def report_confidence(self) -> None:
        self._engine.report_confidence()

    def mixture(self) -> Mixture | None:
        return self._engine.mixture()

    def experts_used(self, prompt: str, answer: str) -> ExpertsUsed:
        return self._engine.experts_used(prompt, answer)

    def peak_memory_bytes(self) -> int | None:
        return self._engine.peak_memory_bytes()

    def peak_device_memory_bytes(self) -> int | None:
        return self._engine.peak_device_memory_bytes()

    def close(self) -> None:
        self.__dict__.pop("lm", None)
        self._engine.close()
