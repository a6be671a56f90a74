"""Take some of the items of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers


def answers_among(answers: ItemAnswers, items: NDArray[np.int64]) -> ItemAnswers:
    """Return the answers to some items; under a mix each domain keeps its part of the mean.

    Args:
        answers: of the run.
        items: which, each once. A domain of which there is none takes no part any more.
    """
    domain, weight = answers.domain[items], answers.weight[items]
    if answers.mixed:
        of_all = np.bincount(answers.domain, answers.weight, len(answers.domains))
        of_some = np.bincount(domain, weight, len(answers.domains))
        weight = weight * (of_all / np.where(of_some > 0, of_some, 1.0))[domain]
    return replace(
        answers,
        domain=domain,
        cluster=_numbered(answers.cluster[items]),
        weight=weight / weight.sum(),
        score=answers.score[items],
        cost=answers.cost[items],
        amounts={name: values[items] for name, values in answers.amounts.items()},
        halves=tuple(each[items] for each in answers.halves),
        rows=None if answers.rows is None else answers.rows[items],
        alike=None if answers.alike is None else _numbered(answers.alike[items]),
    )


def with_alike(answers: ItemAnswers, alike: NDArray[np.int64]) -> ItemAnswers:
    """Return the answers with errors clustered by items that read alike: copies of a template err together.

    In a run without blocks they are the clusters; in one with blocks they are a second way of clustering (`figures`),
    as copies are dealt over all blocks, and joining both would leave one cluster.

    Args:
        answers: of the run.
        alike: shape (items,): the same number for items that read alike.
    """
    number = _numbered(alike)
    return replace(answers, alike=number, cluster=answers.cluster if answers.blocked else number)


@dataclass(frozen=True)
class _OfOthers(Mapping[str, NDArray[np.float64]]):
    """Amounts in the order of other items, reordered at each read, so that no second copy is in memory."""

    amounts: Mapping[str, NDArray[np.float64]]
    other: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self.amounts[name][self.other]

    def __iter__(self) -> Iterator[str]:
        return iter(self.amounts)

    def __len__(self) -> int:
        return len(self.amounts)


def shuffled_answers(answers: ItemAnswers, seed: int) -> ItemAnswers:
    """Return the answers with items shuffled at random, so that nothing known of an item predicts its answers.

    Each item keeps its domain, block and request; its scores, costs and seconds are together those of another item.
    """
    other = np.random.default_rng(seed).permutation(answers.items)
    return replace(
        answers,
        score=answers.score[other],
        cost=answers.cost[other],
        amounts=_OfOthers(answers.amounts, other),
        halves=tuple(each[other] for each in answers.halves),
    )


def _numbered(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber values from 0."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
