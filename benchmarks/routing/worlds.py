"""Make up runs in which a specialist is better than a generalist on one topic, and the same ones shuffled.

A generalist is right equally often on all topics. A specialist is right more often on its own topic and less often on
the others, so that a router that knows the topic gains topic's share x advantage. Items are hard or easy for all
systems alike, as they are in use. Requests are words of no language: common ones and those of their topic, which are
also said elsewhere now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tests.made_up.routing_worlds import answers_of, context_of
from wattbench_reports.metrics.decision_settings import DecisionSettings, Requirement
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.model import Aim

GENERALIST = 0.65
"""Its share of correct answers on each topic."""
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
class World:
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
    others: int = 0
    """Further systems, each as good as the generalist less two points on all topics."""
    cost_of_specialist: float = 1.0
    """In units of the generalist's."""
    aim: Aim = "mix"
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


def made_up(world: World, number: int) -> MadeUp:
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
    return MadeUp(context_of(answers, world.aim, worth, settings), texts)


def _topics(rng: np.random.Generator, world: World) -> NDArray[np.int64]:
    """Deal topics: exactly as many items of each as its share says, so that the gain is as planned."""
    shares = np.full(world.topics, (1 - world.share) / (world.topics - 1))
    shares[0] = world.share
    ends = np.round(np.cumsum(shares) * world.items).astype(np.int64)
    return rng.permutation(np.searchsorted(ends, np.arange(world.items), side="right")).astype(np.int64)


def _scores(rng: np.random.Generator, world: World, topic: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw right and wrong answers of the generalist, the specialist and the others, with hard items hard for all."""
    columns = 2 + world.others
    chance = np.full((world.items, columns), GENERALIST - 0.02)
    chance[:, 0] = GENERALIST
    chance[:, 1] = np.where(topic == 0, GENERALIST + world.advantage, world.elsewhere)
    latent = SHARED**0.5 * rng.normal(size=(world.items, 1)) + (1 - SHARED) ** 0.5 * rng.normal(
        size=(world.items, columns)
    )
    return (ndtr(latent) < chance).astype(np.float64)


def _costs(world: World) -> NDArray[np.float64]:
    return np.array([1.0, world.cost_of_specialist, *[1.0 - 0.05 * (each + 1) for each in range(world.others)]])


def _requests(rng: np.random.Generator, world: World, topic: NDArray[np.int64]) -> list[str]:
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
    """Draws numbers that are not equally likely, as `Generator.choice` does, which adds up all chances every time."""

    reached: NDArray[np.float64]
    """Shape (numbers,): the chance of each number or a lower one."""

    @classmethod
    def of(cls, often: NDArray[np.float64]) -> _Draw:
        """Return the draw of numbers that are so often drawn, in any unit."""
        reached = (often / often.sum()).cumsum()
        return cls(reached / reached[-1])

    def numbers(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw some numbers, with replacement."""
        return np.searchsorted(self.reached, rng.random(count), side="right")


SHUFFLED = tuple(
    World(share=0.1, advantage=0.3, shuffled=True, **each)  # type: ignore[arg-type]  # of several types
    for each in (
        {"name": "by domain", "items": 1_000},
        {"name": "by domain, systems alike", "items": 1_000, "elsewhere": 0.6167},
        {"name": "by domain, specialist at half the cost", "items": 1_000, "cost_of_specialist": 0.5},
        {"name": "by domain, four systems", "items": 1_000, "others": 2},
        {"name": "by domain, in 8 blocks", "items": 1_000, "blocks": 8},
        {"name": "by domain, net benefit", "items": 1_000, "aim": "benefit", "cost_of_specialist": 0.5},
        {"name": "by domain, least cost", "items": 1_000, "aim": "cost", "cost_of_specialist": 0.5, "required": 0.55},
        {"name": "by words, systems alike", "items": 400, "domains": False, "texts": True, "elsewhere": 0.6167},
        {"name": "by words, specialist at half the cost", "items": 400, "domains": False, "texts": True,
         "cost_of_specialist": 0.5},
    )
)  # fmt: skip
"""Runs in which no router gains anything."""

PLANTED = tuple(
    World(items=1_000, **each)  # type: ignore[arg-type]  # of several types
    for each in (
        {"name": "by domain, 30 points on a tenth", "share": 0.1, "advantage": 0.3},
        {"name": "by domain, 15 points on a fifth", "share": 0.2, "advantage": 0.15},
        {"name": "by words, 30 points on a tenth", "share": 0.1, "advantage": 0.3, "domains": False, "texts": True},
    )
)
"""Runs in which a router by topic gains three points."""
WORLDS = (*SHUFFLED, *PLANTED)
