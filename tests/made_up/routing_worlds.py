"""Answers that a router is judged by before it is built, as arrays, and as a run imported from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wattbench.importers import write_run
from wattbench.importers.answer import Answer
from wattbench.importers.imported import Imported
from wattbench.importers.spool import Spool
from wattbench.records import RunRecords, read_run
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.routing.answers.item_answers import MONEY, ItemAnswers
from wattbench_reports.routing.baseline import baseline_of
from wattbench_reports.routing.context import AS_RECORDED, RoutingOptions, StudyContext
from wattbench_reports.routing.model import Aim


def answers_of(
    score: ArrayLike,
    cost: ArrayLike | None = None,
    domain: Sequence[str] | None = None,
    cluster: ArrayLike | None = None,
    *,
    systems: Sequence[str] | None = None,
    seconds: ArrayLike | None = None,
    halves: Sequence[ArrayLike] = (),
    shares: Mapping[str, float] | None = None,
) -> ItemAnswers:
    """Put arrays together.

    Args:
        score: shape (items, systems).
        cost: the same shape, or (systems,): money of a request; None: no cost is known.
        domain: of each item; None: one domain for all.
        cluster: shape (items,): the block of each; None: a run without blocks.
        systems: names; by default ``s0``, ``s1``, ...
        seconds: as `cost`.
        halves: scores by repeat.
        shares: the mix of domains; None: every item counts the same.
    """
    scores = np.asarray(score, dtype=np.float64)
    items, columns = scores.shape
    names = list(domain) if domain is not None else ["all"] * items
    domains = tuple(dict.fromkeys(names))
    number = np.array([domains.index(each) for each in names], dtype=np.int64)
    weight = np.full(items, 1 / items)
    if shares is not None:
        weight = np.array([shares[each] for each in domains])[number] / np.bincount(number)[number]
    amounts: dict[str, NDArray[np.float64]] = {}
    if cost is None:
        costs = np.zeros(scores.shape)
        costs[:, int((weight @ scores).argmax())] = 1.0
    else:
        costs = np.broadcast_to(np.asarray(cost, dtype=np.float64), scores.shape).copy()
        amounts[MONEY] = costs
    if seconds is not None:
        amounts["seconds"] = np.broadcast_to(np.asarray(seconds, dtype=np.float64), scores.shape).copy()
    return ItemAnswers(
        systems=tuple(systems) if systems is not None else tuple(f"s{each}" for each in range(columns)),
        domains=domains,
        domain=number,
        cluster=np.arange(items) if cluster is None else np.asarray(cluster, dtype=np.int64),
        blocked=cluster is not None,
        weight=weight,
        score=scores,
        cost=costs,
        unit=None if cost is None else CostUnit.MONEY,
        label="" if cost is None else "USD",
        amounts=amounts,
        halves=tuple(np.asarray(each, dtype=np.float64) for each in halves),
        rows=np.arange(items),
        mixed=shares is not None,
    )


def context_of(
    answers: ItemAnswers,
    aim: Aim = "accuracy",
    worth: float = 0.0,
    settings: DecisionSettings | None = None,
    options: RoutingOptions = AS_RECORDED,
) -> StudyContext:
    """Return what parts of a study are judged by."""
    baseline = baseline_of(answers, aim, worth)
    return StudyContext(answers, baseline, DecisionSettings() if settings is None else settings, options)


def by_domain(
    accuracies: Mapping[str, Mapping[str, float]], items: int, seed: int = 1
) -> tuple[NDArray[np.float64], list[str]]:
    """Draw scores of 0 and 1, independent of each other.

    Args:
        accuracies: system to domain to the chance of a correct answer.
        items: in each domain.
        seed: of the draws.

    Returns:
        Scores of shape (items, systems), and the domain of each item.
    """
    rng = np.random.default_rng(seed)
    domains = list(next(iter(accuracies.values())))
    chance = np.array([[of[domain] for of in accuracies.values()] for domain in domains])
    number = np.repeat(np.arange(len(domains)), items)
    scores = (rng.random((len(number), len(accuracies))) < chance[number]).astype(np.float64)
    return scores, [domains[each] for each in number]


def routed_run(
    path: Path,
    score: ArrayLike,
    cost: ArrayLike | None = None,
    domain: Sequence[str] | None = None,
    prompts: Sequence[str] | None = None,
    *,
    systems: Sequence[str] | None = None,
    seconds: ArrayLike | None = None,
    joules: ArrayLike | None = None,
    repeats: Sequence[ArrayLike] | None = None,
    missing: Sequence[tuple[int, int]] = (),
    currency: str = "USD",
) -> RunRecords:
    """Import a table of answers into a folder, and open it.

    Args:
        path: the folder.
        score: shape (items, systems).
        cost: the same shape, or (systems,); so are `seconds` and `joules`. None: not on record.
        domain: of each item; None: one for all.
        prompts: of each item; None: not on record.
        systems: names; by default ``s0``, ``s1``, ...
        seconds: of a request.
        joules: of a request.
        repeats: further scores of the same shape, of later repeats.
        missing: (item, system) pairs that were not asked.
        currency: of `cost`.
    """
    first = np.asarray(score, dtype=np.float64)
    names = list(systems) if systems is not None else [f"s{each}" for each in range(first.shape[1])]
    figures = {"cost": cost, "seconds": seconds, "joules": joules}
    known = {
        name: np.broadcast_to(np.asarray(values, dtype=np.float64), first.shape)
        for name, values in figures.items()
        if values is not None
    }
    left_out = set(missing)
    answers = [
        _answer(
            names[system],
            item,
            repeat,
            float(scores[item, system]),
            {name: float(values[item, system]) for name, values in known.items()},
            "all" if domain is None else domain[item],
            "" if prompts is None else prompts[item],
        )
        for repeat, scores in enumerate([first, *(np.asarray(each, dtype=np.float64) for each in repeats or ())])
        for system in range(len(names))
        for item in range(len(first))
        if (item, system) not in left_out
    ]
    source = path / "answers.csv"
    source.write_text("")  # the record names its source and the digest
    run = write_run(
        Imported("table", None, (source,), Spool.of(answers)),
        path,
        "routed",
        ["wattbench", "runs", "import", "answers.csv"],
        None if cost is None else currency,
    )
    return read_run(run)


def _answer(
    system: str, item: int, repeat: int, score: float, figures: Mapping[str, Any], domain: str, prompt: str
) -> Answer:
    return Answer(
        where=f"answers.csv:{item + 2}", system=system, task="task", item=f"{item:06d}", repeat=repeat, score=score,
        domain=domain, prompt=prompt, **figures,
    )  # fmt: skip
