"""Plant a regression, or a trade between tasks, of a known size, to test whether a gate detects it."""

from __future__ import annotations

import random
import re
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Self

from wattbench.clock import now_s
from wattbench.errors import UserError, nearest
from wattbench.records import CANDIDATE
from wattbench.systems import Engine, Reply
from wattbench.systems.base import GENERATE

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_PATTERN = re.compile(r"([a-z]+)(?:@(.+))?=(\d+(?:\.\d+)?)(%?)")
_OF_A_SYSTEM = ("delay", "drop", "work")
_OF_A_TASK = ("drop", "gain")
MOST = 10.0
"""Ten times as slow, or as much work. At most all answers can be dropped."""
ROUNDING = 1e-9
"""Ten times a tenth is a little less than one."""


@dataclass(frozen=True)
class Plant:
    """The faults that are planted in a system, as shares: 0.2 is 20%."""

    delay: float = 0.0
    """Of a reply's own time, by which it is delayed; nothing is computed meanwhile."""
    drop: float = 0.0
    """Of the documents, whose answers are emptied."""
    work: float = 0.0
    """Of the requests, which are asked once more."""
    drop_in: Mapping[str, float] = field(default_factory=dict)
    """Of the documents of some tasks, in place of `drop`."""
    gain_in: Mapping[str, float] = field(default_factory=dict)
    """Of the documents of some tasks, whose answers by the *baseline* are emptied: the candidate is then better at
    these tasks."""

    def as_record(self) -> dict[str, float]:
        """Return the shares that are not 0, as `parse` names them: ``{"delay": 0.2, "gain@sums": 0.1}``."""
        whole = {name: getattr(self, name) for name in _OF_A_SYSTEM}
        parts = {f"drop@{task}": share for task, share in self.drop_in.items()}
        parts |= {f"gain@{task}": share for task, share in self.gain_in.items()}
        return {name: share for name, share in (whole | parts).items() if share}

    def of_side(self, side: str) -> Self:
        """Return the part of the plant that applies to one of the two systems."""
        if side == CANDIDATE:
            return replace(self, gain_in={})
        return type(self)(drop_in=self.gain_in)

    def dropped(self, task: str) -> float:
        """Return the share of a task's documents whose answers are emptied."""
        return self.drop_in.get(task, self.drop)

    def check_tasks(self, tasks: Sequence[str]) -> None:
        """Check that the suite has every task that the plant names.

        Raises:
            UserError: it lacks one.
        """
        for task in (*self.drop_in, *self.gain_in):
            if task not in tasks:
                raise UserError(f"--plant: the suite has no task {task!r}{nearest(task, tasks)}")

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self | None:
        """Parse ``delay=20%``, ``drop@sums=10%`` and the like; None without any.

        Raises:
            UserError: it is not a known harm, or not a share.
        """
        plant = cls.of_record(dict(map(_named_share, texts)))
        return plant if texts else None

    @classmethod
    def of_record(cls, recorded: Mapping[str, float]) -> Self:
        """Read a plant from the record that `as_record` returned."""
        whole = {name: share for name, share in recorded.items() if "@" not in name}
        of_task: dict[str, dict[str, float]] = {name: {} for name in _OF_A_TASK}
        for name, share in recorded.items():
            harm, at, task = name.partition("@")
            if at:
                of_task[harm][task] = share
        return cls(**whole, drop_in=of_task["drop"], gain_in=of_task["gain"])


def _named_share(text: str) -> tuple[str, float]:
    """Parse the name of one fault and its share: ``drop@sums=10%``.

    Raises:
        UserError: it is none.
    """
    matched = _PATTERN.fullmatch(text.strip())
    if matched is None or matched[1] not in (_OF_A_SYSTEM if matched[2] is None else _OF_A_TASK):
        hint = nearest(re.split("[=@]", text)[0], (*_OF_A_SYSTEM, "gain"))
        raise UserError(
            f"--plant {text}: write delay=20%, drop=5% or work=10%, and for one task drop@TASK=5% or gain@TASK=5%{hint}"
        )
    share = float(matched[3]) / (100 if matched[4] else 1)
    most = 1.0 if matched[1] in _OF_A_TASK else MOST
    if not 0 < share <= most:
        raise UserError(f"--plant {text}: the share must be more than 0 and at most {most:.0%}")
    return text.partition("=")[0].strip(), share


def planted(engine: Engine, plant: Plant, *, seed: int = 0) -> Engine:
    """Make a loaded system worse from now on, and return it.

    Args:
        engine: the system.
        plant: by how much: `Plant.of_side`.
        seed: which documents' answers are dropped.
    """
    faults = _Faults(engine, plant, seed)
    engine.answer = faults.answer  # type: ignore[method-assign]
    return engine


class _Faults:
    """Lets an engine answer, and makes its answers worse."""

    def __init__(self, engine: Engine, plant: Plant, seed: int) -> None:
        # Without a reference: an engine is released when its owner lets it go.
        self._ask = partial(type(engine).answer, weakref.proxy(engine))
        self._plant, self._seed = plant, seed
        self._credit = 0.0
        self._counting = threading.Lock()  # a server is asked by several threads

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Answer with the faults: ask some requests again, wait, and empty some answers."""
        if request_type != GENERATE and any(self._plant.dropped(str(each.task_name)) for each in requests):
            raise UserError("--plant drop empties texts, but this task asks for likelihoods: use delay or work")
        started_s = now_s()
        replies = self._ask(request_type, requests)
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
        """Return how many more times to ask this request: once for every tenth request if the share is 10%."""
        with self._counting:
            self._credit += self._plant.work
            due = int(self._credit + ROUNDING)
            self._credit -= due
        return due

    def _asked_again(self, request_type: str, request: Instance, reply: Reply, times: int) -> Reply:
        """Ask a request again, and return the first reply, with the time at which the last repetition ended."""
        for _ in range(times):
            self._ask(request_type, [request])
        return reply if not times or reply.finished_s is None else replace(reply, finished_s=now_s())

    def _stretched(self, reply: Reply, started_s: float) -> Reply:
        """Delay every time stamp of a reply by the share of its distance from the start of the request."""

        def later(at_s: float) -> float:
            return started_s + (at_s - started_s) * (1 + self._plant.delay)

        finished_s = None if reply.finished_s is None else later(reply.finished_s)
        return replace(reply, token_s=tuple(map(later, reply.token_s)), finished_s=finished_s)

    def _loses(self, request: Instance) -> bool:
        share = self._plant.dropped(str(request.task_name))
        of_document = f"{self._seed}: {request.task_name}: {request.doc_id}"
        return share > 0 and random.Random(of_document).random() < share  # noqa: S311 - a draw to repeat, no secret
