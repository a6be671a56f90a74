"""Make up runs that routers are judged by: a specialist that is better on one topic, and copies of few requests.

A generalist is right equally often on all topics. A specialist is right more often on its own topic and less often on
the others, so that a router that knows the topic gains topic's share x advantage. Items are hard or easy for all
systems alike, as they are in use. Requests are words of no language: common ones and those of their topic, which are
also said elsewhere now and then.

Of copies of few requests, each template has one system that knows it, or none does better: what a router learns from a
template's copies holds for that template, and for no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.answers.item_answers import ItemAnswers, with_alike
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.model import Aim
from wattbench_reports.routing.predictors import alike

SHARED = 0.5
"""How much of what makes an item hard makes it hard for all systems: the correlation of the latent normal scores."""
_BEGIN = (
    "", "b", "br", "c", "ch", "cl", "d", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s",
    "sh", "st", "t", "th", "tr", "v", "w", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ea", "ou", "y")
_END = ("", "ck", "l", "m", "n", "ng", "r", "rt", "s", "st", "t", "x")
_COMMON, _OF_TOPIC = 1_500, 40
"""Words."""
_LENGTHS = (12, 40)
"""Words of a request."""
_ON_TOPIC, _ASTRAY = 0.25, 0.02
"""The share of a request's words that are of its topic, and of any topic."""


@dataclass(frozen=True)
class RouterWorld:
    """A kind of run."""

    name: str
    items: int
    share: float
    """Of the specialist's topic among the items; the other topics share the rest evenly."""
    advantage: float
    """Of the specialist on its topic: the gain of a perfect router by topic is share x advantage."""
    elsewhere: float = 0.45
    """The specialist's share of correct answers on the other topics."""
    shuffled: bool = False
    """Whether answers are those of other items: then nothing about a request tells who is right."""
    topics: int = 8
    domains: bool = True
    """Whether topics are on record as domains."""
    texts: bool = False
    """Whether requests are on record."""
    generalist: float = 0.65
    """Its share of correct answers on each topic."""
    others: int = 0
    """Further systems, each as good as the generalist less two points on all topics."""
    far_above: float | None = None
    """The share of correct answers of one more system, of ten times the cost, if there is such."""
    cost_of_specialist: float = 1.0
    """In units of the generalist's."""
    aim: Aim = "accuracy"
    required: float | None = None
    """The accuracy that the reader requires."""
    blocks: int = 1

    @property
    def gain(self) -> float:
        """Return what a perfect router by topic gains in accuracy; 0 where nothing tells who is right."""
        return 0.0 if self.shuffled else self.share * self.advantage


@dataclass(frozen=True)
class MadeUp:
    """One run."""

    context: StudyContext
    texts: list[str] | None


def made_up(world: RouterWorld, number: int) -> MadeUp:
    """Make up the run of a number, which is its seed."""
    rng = np.random.default_rng([sum(map(ord, world.name)), world.items, number])
    topic = _topics(rng, world)
    score = _scores(rng, world, topic)
    cost = np.exp(rng.normal(0.0, 0.4, size=(world.items, 1))) * _costs(world)
    if world.shuffled:
        other = rng.permutation(world.items)
        score, cost = score[other], cost[other]
    texts = _requests(rng, world, topic) if world.texts else None
    answers = answers_of(
        score,
        cost,
        [f"topic {each}" for each in topic] if world.domains else None,
        None if world.blocks == 1 else rng.permutation(np.arange(world.items) % world.blocks),
    )
    required = () if world.required is None else (Requirement("accuracy", world.required),)
    settings = DecisionSettings(requirements=required)
    worth = 4.0 if world.aim == "benefit" else 0.0
    return MadeUp(context_of(_with_alike(answers, texts), world.aim, worth, settings), texts)


@dataclass(frozen=True)
class Copies:
    """A kind of run whose requests are copies of templates, each with some of its words replaced."""

    name: str
    templates: int = 40
    copies: int = 10
    words: int = 25
    replaced: int = 1
    domains: int = 1
    """Of as many templates each; a template's copies are in one."""
    blocks: int = 1
    prompts: bool = True
    """Whether requests are on record."""


def copied(kind: Copies, number: int) -> MadeUp:
    """Make up the run of a number, which is its seed: on fresh templates no system is better than the first."""
    rng = np.random.default_rng([sum(map(ord, kind.name)), kind.templates, number])
    vocabulary = np.array([f"w{each}" for each in range(600)])
    template = np.repeat(np.arange(kind.templates), kind.copies)
    # Of its templates the first system knows 75% and the second 70%; what it knows it answers 19 times of 20.
    knows = rng.random((kind.templates, 2)) < [0.75, 0.70]
    score = (rng.random((len(template), 2)) < np.where(knows, 0.95, 0.05)[template]).astype(np.float64)
    words = rng.choice(vocabulary, (kind.templates, kind.words))[template]
    for text in words:
        text[rng.choice(kind.words, kind.replaced, replace=False)] = rng.choice(vocabulary, kind.replaced)
    texts = [" ".join(each) for each in words.tolist()] if kind.prompts else None
    answers = answers_of(
        score,
        [1.0, 1.0],
        [f"domain {each % kind.domains}" for each in template],
        None if kind.blocks == 1 else rng.permutation(np.arange(len(template)) % kind.blocks),
    )
    return MadeUp(context_of(_with_alike(answers, texts)), texts)


def _with_alike(answers: ItemAnswers, texts: list[str] | None) -> ItemAnswers:
    """Cluster errors as a study does."""
    return answers if texts is None else with_alike(answers, alike(texts))


def _topics(rng: np.random.Generator, world: RouterWorld) -> NDArray[np.int64]:
    """Deal topics: exactly as many items of each as its share says, so that the gain is as planned."""
    shares = np.full(world.topics, (1 - world.share) / (world.topics - 1))
    shares[0] = world.share
    ends = np.round(np.cumsum(shares) * world.items).astype(np.int64)
    return rng.permutation(np.searchsorted(ends, np.arange(world.items), side="right")).astype(np.int64)


def _scores(rng: np.random.Generator, world: RouterWorld, topic: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw right and wrong answers of the generalist, the specialist and the others, with hard items hard for all."""
    columns = 2 + world.others + (world.far_above is not None)
    chance = np.full((world.items, columns), world.generalist - 0.02)
    chance[:, 0] = world.generalist
    chance[:, 1] = np.where(topic == 0, world.generalist + world.advantage, world.elsewhere)
    if world.far_above is not None:
        chance[:, -1] = world.far_above
    latent = SHARED**0.5 * rng.normal(size=(world.items, 1)) + (1 - SHARED) ** 0.5 * rng.normal(
        size=(world.items, columns)
    )
    return (ndtr(latent) < chance).astype(np.float64)


def _costs(world: RouterWorld) -> NDArray[np.float64]:
    above = [] if world.far_above is None else [10.0]
    return np.array([1.0, world.cost_of_specialist, *[1.0 - 0.05 * (each + 1) for each in range(world.others)], *above])


def _requests(rng: np.random.Generator, world: RouterWorld, topic: NDArray[np.int64]) -> list[str]:
    """Write requests, with words as unequally frequent as those of a language (Zipf)."""
    syllables = np.array([begin + vowel + end for begin in _BEGIN for vowel in _VOWELS for end in _END])
    words = ["".join(rng.choice(syllables, 2)) for _ in range(_COMMON + world.topics * _OF_TOPIC)]
    often = 1.0 / np.arange(1, _COMMON + 1)
    common, of_topics = _Draw.of(often), _Draw.of(often[:_OF_TOPIC])
    requests = []
    for each in topic:
        length = int(rng.integers(*_LENGTHS))
        kind = rng.random(length)
        place = common.numbers(rng, length)
        on_topic = _COMMON + each * _OF_TOPIC + of_topics.numbers(rng, length)
        astray = _COMMON + rng.integers(world.topics * _OF_TOPIC, size=length)
        place = np.where(kind < _ON_TOPIC, on_topic, np.where(kind < _ON_TOPIC + _ASTRAY, astray, place))
        requests.append(" ".join([words[at] for at in place.tolist()]))
    return requests


@dataclass(frozen=True)
class _Draw:
    """A distribution to draw from as `Generator.choice` does, with its chances added up once."""

    reached: NDArray[np.float64]
    """Shape (numbers,): the chance of each number or a lower one."""

    @classmethod
    def of(cls, often: NDArray[np.float64]) -> _Draw:
        """Return the distribution of numbers with these weights, in any unit."""
        reached = (often / often.sum()).cumsum()
        return cls(reached / reached[-1])

    def numbers(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw some numbers, with replacement."""
        return np.searchsorted(self.reached, rng.random(count), side="right")
