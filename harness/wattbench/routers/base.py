"""What a router is: it decides which of a hybrid's members answers a question, and has it asked.

A router knows its members as names and asks them through functions that it is handed. It routes a batch at once, and
a member is asked once per batch: for all of the batch's questions that fall to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from wattbench.clock import now_s
from wattbench.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """One item, as a router sees it."""

    text: str
    """The request, in the hybrid's own prompt form."""
    domain: str | None
    """The task's. Only a yardstick may look at it."""
    key: Hashable
    """Whose it is: for whoever answers, not for the router."""


@dataclass(frozen=True)
class Choice:
    """What a router that chooses before asking says of one question."""

    label: str | None
    """The member, by the router's name for it; None leaves the question to the fallback."""
    score: float | None = None
    """How sure it is, on its own scale."""


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What a system answered to one question."""

    answer: T
    confidence: float | None = None
    """Mean log-probability per token; None where the system does not tell."""


@dataclass(frozen=True)
class Routed(Generic[T]):
    """What became of one question."""

    attempts: tuple[Attempt[T], ...]
    """In the order asked; the last one counts."""
    asked: tuple[str, ...]
    """The systems behind `attempts`."""
    score: float | None
    router_s: float
    """The question's share of the seconds that did not go into the answer that counts."""


Ask = Callable[[str, Sequence[Question]], Sequence[Attempt[T]]]
"""Put some questions to a system, by its name, in one call; an attempt for each, in order."""

Likelihoods = Callable[[str, Sequence[tuple[str, str]]], Sequence[float]]
"""Log-likelihoods, by a system, of each pair's second text after its first."""


@dataclass(frozen=True)
class Setup:
    """What a hybrid hands to its router."""

    where: str
    """What to call it in messages: ``system 'hybrid': router``."""
    members: Mapping[str, str]
    """The router's names for the members, and the systems that they stand for."""
    fallback: str | None
    """A member's name, as the router calls it."""
    seed: int
    likelihoods: Likelihoods


class Router(ABC):
    """A way to choose, ready to be asked."""

    version: str | None = None
    """Of the library that it rests on."""
    parts: Mapping[str, int] = {}
    """The files that it is made of: SHA-256 to bytes."""

    @classmethod
    def check(cls, where: str, config: Any, members: Mapping[str, str]) -> None:
        """See, without loading anything large, that the router can be had here.

        Raises:
            UserError: it cannot, and what to do about it.
        """

    @classmethod
    @abstractmethod
    def open(cls, config: Any, setup: Setup) -> Self:
        """Build the router from its part of the suite.

        Raises:
            UserError: it cannot be built.
        """

    @abstractmethod
    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Have every question answered; in the order of the questions.

        Raises:
            UserError: it chose none of the members, and there is no fallback.
        """


class Chooser(Router):
    """A router that chooses first, and then asks each question once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @abstractmethod
    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """A choice for each question, in order."""

    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Choose for all of them, then ask each system that was chosen once."""
        if not questions:
            return []
        started_s = now_s()
        choices = self.choose(questions)
        systems = [self._system(choice, question) for choice, question in zip(choices, questions, strict=True)]
        router_s = (now_s() - started_s) / len(questions)
        attempts: dict[int, Attempt[T]] = {}
        for system in dict.fromkeys(systems):
            places = [place for place, chosen in enumerate(systems) if chosen == system]
            attempts |= zip(places, ask(system, [questions[place] for place in places]), strict=True)
        return [
            Routed((attempts[place],), (system,), choice.score, router_s)
            for place, (system, choice) in enumerate(zip(systems, choices, strict=True))
        ]

    def _system(self, choice: Choice, question: Question) -> str:
        label = self._setup.fallback if choice.label is None else choice.label
        if label is None:
            raise UserError(
                f"{self._setup.where}: it chose no member (domain {question.domain!r}, request ending "
                f"{question.text[-80:]!r}), and there is no fallback. Name a member with fallback:"
            )
        return self._setup.members[label]


def if_sure(label: str, score: float, min_score: float) -> Choice:
    """The choice of a label, or of none where its score is too low."""
    return Choice(label if score >= min_score else None, score)
