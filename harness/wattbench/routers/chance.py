"""A yardstick: any member, by a hash of the request and the suite's seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Self

from wattbench.config import RandomRouter
from wattbench.routers.base import Choice, Chooser, Question, Setup


class Chance(Chooser):
    """Chooses without reading. A hash, so that a resumed run chooses as the run would have."""

    @classmethod
    def open(cls, config: RandomRouter, setup: Setup) -> Self:
        """Nothing to load."""
        return cls(setup)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Each member as often as any other, in the long run."""
        labels = list(self._setup.members)
        return [Choice(labels[self._number(question.text) % len(labels)]) for question in questions]

    def _number(self, text: str) -> int:
        return int.from_bytes(hashlib.sha256(json.dumps([self._setup.seed, text]).encode()).digest(), "big")
