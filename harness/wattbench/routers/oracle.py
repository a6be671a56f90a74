"""A yardstick: the domain is known, and the member of that name is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from wattbench.config import OracleRouter
from wattbench.routers.base import Choice, Chooser, Question, Setup


class Oracle(Chooser):
    """What a router that never mistakes a domain for another would make of these members."""

    @classmethod
    def open(cls, config: OracleRouter, setup: Setup) -> Self:
        """Nothing to load."""
        return cls(setup)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """The member of the domain's name, where there is one."""
        return [Choice(q.domain if q.domain in self._setup.members else None) for q in questions]
