"""A yardstick: the same member for every request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from wattbench.config import AlwaysRouter
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
        """Choose the member for each question."""
        return [Choice(self._member)] * len(questions)
