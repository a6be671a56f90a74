"""The interface of a router: it decides which member of a hybrid answers a question, and asks it.

A router knows its members by name and asks them through the functions in its `Setup`. It routes a batch at once, and
a member is asked once per batch, with all its questions of the batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Self, TypeVar

from wattbench.clock import now_s
from wattbench.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """One item, as a router receives it."""

    text: str
    """The request, in the hybrid's own prompt form."""
    domain: str | None
    """The task's domain. Only a yardstick may use it."""
    key: Hashable
    """Identifies the item for the system that answers. A router does not use it."""
    input: str | None = None
    """Of an item of a file task, what is asked: its input, without instruction and examples."""
    item: str = ""
    """What to call the item in messages: ``task 'tickets', document 3``."""


@dataclass(frozen=True)
class Choice:
    """The choice of a router that chooses before asking, for one question."""

    label: str | None
    """The member, by the router's name for it; None leaves the question to the fallback."""
    score: float | None = None
    """How sure the router is, on a scale of its own."""


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """A system's answer to one question."""

    answer: T
    confidence: float | None = None
    """A natural logarithm: of the answer's probability, per token if it has tokens. None if it does not know."""
    seconds: float = 0.0
    """The question's share of the seconds of the call."""


@dataclass(frozen=True)
class Routed(Generic[T]):
    """The result of routing one question."""

    attempts: tuple[Attempt[T], ...]
    """The attempts, in order; the last one counts."""
    systems: tuple[str, ...]
    """The systems behind `attempts`."""
    score: float | None
    router_s: float
    """The question's share of all seconds except those of the answer that counts."""


Ask = Callable[[str, Sequence[Question]], Sequence[Attempt[T]]]
"""Asks a system, by its name, some questions in one call, and returns an attempt for each, in order."""

Likelihoods = Callable[[str, Sequence[tuple[str, str]]], Sequence[float]]
"""Returns a system's log-likelihoods of each pair's second text after its first."""


@dataclass(frozen=True)
class Setup:
    """The settings and functions that a hybrid passes to its router."""

    where: str
    """The router's name in messages: ``system 'hybrid': router``."""
    members: Mapping[str, str]
    """The router's names for the members, and the systems that they name."""
    fallback: str | None
    """The router's name of the member that answers if none is chosen."""
    seed: int
    likelihoods: Likelihoods


class Router(ABC):
    """A loaded router."""

    version: str | None = None
    """The version of the library that it uses."""
    parts: Mapping[str, int] = {}
    """The files that it is made of: SHA-256 to bytes."""

    @classmethod
    def check(cls, where: str, config: Any, members: Mapping[str, str]) -> None:
        """Check, without loading anything large, that the router can be used on this machine.

        Raises:
            UserError: it cannot, and what to do about it.
        """

    @classmethod
    def look(cls, where: str, config: Any, members: Mapping[str, str]) -> None:
        """Check as `check` does, without running code that the suite names: for a plan that is only read.

        Raises:
            UserError: it cannot be used, and what to do about it.
        """
        cls.check(where, config, members)

    @classmethod
    @abstractmethod
    def open(cls, config: Any, setup: Setup) -> Self:
        """Build the router from its part of the suite.

        Raises:
            UserError: it cannot be built.
        """

    @abstractmethod
    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Route all questions, and return the results in their order.

        Raises:
            UserError: it chose none of the members, and there is no fallback.
        """

    def close(self) -> None:
        """Release the memory and files that the router holds."""


class Chooser(Router):
    """A router that chooses first and then asks each question once."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @abstractmethod
    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Return a choice for each question, in order."""

    def route(self, questions: Sequence[Question], ask: Ask[T]) -> list[Routed[T]]:
        """Choose for all questions, then ask each chosen system once."""
        if not questions:
            return []
        started_s = now_s()
        choices = self.choose(questions)
        systems = [self._system(choice, question) for choice, question in zip(choices, questions, strict=True)]
        router_s = (now_s() - started_s) / len(questions)
        attempts: dict[int, Attempt[T]] = {}
        for system in dict.fromkeys(systems):
            indices = [index for index, chosen in enumerate(systems) if chosen == system]
            attempts |= zip(indices, ask(system, [questions[index] for index in indices]), strict=True)
        return [
            Routed((attempts[index],), (system,), choice.score, router_s)
            for index, (system, choice) in enumerate(zip(systems, choices, strict=True))
        ]

    def _system(self, choice: Choice, question: Question) -> str:
        label = self._setup.fallback if choice.label is None else choice.label
        if label is None:
            raise UserError(
                f"{self._setup.where}: the router chose no member (domain {question.domain!r}, request ending "
                f"{question.text[-80:]!r}), and there is no fallback. Name a member with fallback:"
            )
        return self._setup.members[label]


def text_seen(question: Question, sees: Literal["prompt", "input"], where: str) -> str:
    """Return the text of a question that a router reads: the whole request, or its input alone.

    Raises:
        UserError: it has no input, as its task is no file.
    """
    text = question.text if sees == "prompt" else question.input
    if text is None:
        raise UserError(
            f"{where}: sees: input: {question.item or 'this request'} is of no file of one's own, and has no input "
            "column; write sees: prompt"
        )
    return text


def if_sure(label: str, score: float, min_score: float) -> Choice:
    """Return the choice of a label, or of no member if the label's score is below the minimum."""
    return Choice(label if score >= min_score else None, score)
