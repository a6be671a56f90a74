"""Yardsticks, against which routers are judged: always the same member, any member, the member of the known domain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Self

from wattbench.config import AlwaysRouter, OracleRouter, RandomRouter
from wattbench.routers.base import Choice, Chooser, Question, Setup


class Always(Chooser):
    """A router that always chooses one member, and costs nothing."""

    def __init__(self, setup: Setup, member: str) -> None:
        super().__init__(setup)
        self._member = member

    @classmethod
    def open(cls, config: AlwaysRouter, setup: Setup) -> Self:
        """Return the router; there is nothing to load."""
        return cls(setup, config.member)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the same member for each question."""
        return [Choice(self._member)] * len(questions)


class Chance(Chooser):
    """A router that chooses any member by a hash of the request and the suite's seed: the same again after a resume."""

    @classmethod
    def open(cls, config: RandomRouter, setup: Setup) -> Self:
        """Return the router; there is nothing to load."""
        return cls(setup)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose a member for each question, every member with the same probability."""
        labels = list(self._setup.members)
        return [Choice(labels[self._number(question.text) % len(labels)]) for question in questions]

    def _number(self, text: str) -> int:
        return int.from_bytes(hashlib.sha256(json.dumps([self._setup.seed, text]).encode()).digest(), "big")


class Oracle(Chooser):
    """A router that knows the domain, and never confuses two."""

    @classmethod
    def open(cls, config: OracleRouter, setup: Setup) -> Self:
        """Return the router; there is nothing to load."""
        return cls(setup)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the member with the domain's name, if there is one."""
        return [Choice(q.domain if q.domain in self._setup.members else None) for q in questions]
