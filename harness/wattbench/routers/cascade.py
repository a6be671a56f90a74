"""Ask the cheapest member first, and the next if the answer is not confident enough.

FrugalGPT's cascade (Chen, Zaharia and Zou 2023, arXiv 2305.05176), with the answer's own confidence as its judge, for
which nothing needs to be trained: `wattbench.systems.confidence` defines it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from wattbench.clock import now_s
from wattbench.config import CascadeRouter
from wattbench.routers.base import Ask, Attempt, Question, Routed, Router, Setup, T


class Cascade(Router):
    """A router that asks members in turn; the cost of a rejected answer is part of the router's cost."""

    def __init__(self, systems: Sequence[str], threshold: float | None) -> None:
        self._systems = systems
        self._threshold = threshold

    @classmethod
    def open(cls, config: CascadeRouter, setup: Setup) -> Self:
        """Return the router; there is nothing to load."""
        return cls([setup.members[label] for label in config.order], config.threshold)

    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Ask the first system all questions, and each next system the questions without a confident answer.

        A question's score is the last confidence that was compared with the threshold: that of the last system is not
        used.
        """
        attempts: list[list[Attempt[T]]] = [[] for _ in questions]
        scores: list[float | None] = [None] * len(questions)
        router_s = [0.0] * len(questions)
        waiting = list(range(len(questions)))
        for position, system in enumerate(self._systems, 1):
            if not waiting:
                break
            last = position == len(self._systems)
            started_s = now_s()
            answered = ask(system, [questions[index] for index in waiting])
            each_s = (now_s() - started_s) / len(waiting)
            for index, attempt in zip(waiting, answered, strict=True):
                attempts[index].append(attempt)
                scores[index] = scores[index] if last else attempt.confidence
            waiting = [] if last else [index for index in waiting if not self._confident(scores[index])]
            for index in waiting:
                router_s[index] += each_s
        return [
            Routed(tuple(made), tuple(self._systems[: len(made)]), score, seconds)
            for made, score, seconds in zip(attempts, scores, router_s, strict=True)
        ]

    def _confident(self, confidence: float | None) -> bool:
        return confidence is not None and (self._threshold is None or confidence >= self._threshold)
