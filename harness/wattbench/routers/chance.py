"""A yardstick: any member, by a hash of the request and the suite's seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Self

from wattbench.config import RandomRouter
from wattbench.routers.base import Choice, Chooser, Question, Setup


class Chance(Chooser):
    """A router that chooses at random, by a hash, so that a resumed run makes the same choices."""

    @classmethod
    def open(cls, config: RandomRouter, setup: Setup) -> Self:
        """Return the router; there is nothing to load."""
        return cls(setup)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose each member with the same probability."""
        labels = list(self._setup.members)
        return [Choice(labels[self._number(question.text) % len(labels)]) for question in questions]

    def _number(self, text: str) -> int:
        return int.from_bytes(hashlib.sha256(json.dumps([self._setup.seed, text]).encode()).digest(), "big")
