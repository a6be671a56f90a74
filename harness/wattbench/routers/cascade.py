"""The cheapest first; the next where the answer before it was unsure.

FrugalGPT's cascade (Chen, Zaharia and Zou 2023, arXiv 2305.05176), with the answer's own mean log-probability per
token as its judge, for which nothing needs to be trained (Gupta et al. 2024, arXiv 2404.10136, on its limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from wattbench.clock import now_s
from wattbench.config import CascadeRouter
from wattbench.routers.base import Ask, Attempt, Question, Routed, Router, Setup, T


class Cascade(Router):
    """Chooses by asking: what an answer that was not taken cost is the router's."""

    def __init__(self, systems: Sequence[str], min_confidence: float) -> None:
        self._systems = systems
        self._min_confidence = min_confidence

    @classmethod
    def open(cls, config: CascadeRouter, setup: Setup) -> Self:
        """Nothing to load."""
        return cls([setup.members[label] for label in config.order], config.min_confidence)

    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Ask the first system everything, the second what the first was unsure of, and so on.

        A question's score is the last confidence that was looked at: at the last system nobody looks.
        """
        attempts: list[list[Attempt[T]]] = [[] for _ in questions]
        scores: list[float | None] = [None] * len(questions)
        router_s = [0.0] * len(questions)
        waiting = list(range(len(questions)))
        for place_in_order, system in enumerate(self._systems, 1):
            if not waiting:
                break
            last = place_in_order == len(self._systems)
            started_s = now_s()
            answered = ask(system, [questions[place] for place in waiting])
            each_s = (now_s() - started_s) / len(waiting)
            for place, attempt in zip(waiting, answered, strict=True):
                attempts[place].append(attempt)
                scores[place] = scores[place] if last else attempt.confidence
            waiting = [] if last else [place for place in waiting if not self._sure(scores[place])]
            for place in waiting:
                router_s[place] += each_s
        return [
            Routed(tuple(own), tuple(self._systems[: len(own)]), score, seconds)
            for own, score, seconds in zip(attempts, scores, router_s, strict=True)
        ]

    def _sure(self, confidence: float | None) -> bool:
        return confidence is not None and confidence >= self._min_confidence
