"""Train a router for use, store it, and open it again as a hybrid would."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wattbench.config import ClassifierRouter, PredictedRouter
from wattbench.errors import UserError
from wattbench.routers import Question, Setup, open_router
from wattbench.routers.base import Chooser
from wattbench.text_classifier import fit_labels, save_classifier
from wattbench_reports.routing.answers.item_answers import answers_among, pick
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.fitting.fitted import fit_by_domain, fit_by_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench_reports.routing.context import StudyContext
    from wattbench_reports.routing.fitting.fitted import FittedDomains, Split

KINDS = ("classifier", "domain")
"""Kinds of choices of a study that can be written."""
LEAST_SCORES = (0.0, 0.5, 0.7, 0.9)
"""Of a classifier of domains: below which probability the best single system answers."""


@dataclass(frozen=True)
class RouterToWrite:
    """A trained router, with its file written."""

    kind: str
    setting: str
    description: str
    config: ClassifierRouter | PredictedRouter
    members: Mapping[str, int]
    """The router's name for each member, to its column in the answers."""
    fallback: str

    @property
    def columns(self) -> tuple[int, ...]:
        """Return the members' columns in the table of answers."""
        return tuple(self.members.values())

    def choose(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return, for each text, the column of the system that the stored router chooses, shape (texts,)."""
        setup = Setup("the router", {label: label for label in self.members}, self.fallback, 0, _no_likelihoods)
        router = open_router(self.config, setup)
        assert isinstance(router, Chooser)
        choices = router.choose([Question(text, None, key) for key, text in enumerate(texts)])
        labels = [self.fallback if each.label is None else each.label for each in choices]
        return np.array([self.members[label] for label in labels], dtype=np.int64)


def train(
    context: StudyContext, texts: Sequence[str], split: Split, kind: str, setting: str, path: Path
) -> RouterToWrite:
    """Train a router on training items, set its thresholds on calibration items, and write its file.

    Args:
        context: of the study, over all items.
        texts: the request of each item.
        split: of the items.
        kind: one of `KINDS`.
        setting: which point of its curve.
        path: of the file.

    Raises:
        UserError: on these items no such router gains on always asking one system.
    """
    return (_by_domain if kind == "domain" else _by_words)(context, texts, split, setting, path)


def _by_words(context: StudyContext, texts: Sequence[str], split: Split, setting: str, path: Path) -> RouterToWrite:
    """Train a regression of every member's score on the words of requests."""
    fitted = fit_by_words(context, texts, split, setting)
    names = fitted.classifier.labels
    if math.isinf(fitted.rule.margin):
        raise _nothing_gained(names[0], int(split.calibration.sum()))
    save_classifier(path, fitted.classifier, fitted.cost)
    per_cost = fitted.rule.per_cost
    config = PredictedRouter(
        type="predicted",
        model=path,
        margin=fitted.rule.margin,
        worth=float(f"{1 / per_cost:.6g}") if per_cost else None,
    )
    return RouterToWrite(
        "classifier",
        setting,
        "A linear model of words predicts which member answers correctly",
        config,
        dict(zip(names, fitted.members, strict=True)),
        names[0],
    )


def _by_domain(context: StudyContext, texts: Sequence[str], split: Split, setting: str, path: Path) -> RouterToWrite:
    """Choose a system for each domain, and train a classifier of the domain."""
    answers = context.answers
    fitted = fit_by_domain(context, split, setting)
    if set(fitted.systems) == {fitted.default}:
        raise _nothing_gained(answers.systems[fitted.default], int(split.calibration.sum()))
    labels = member_names(answers.domains)
    trained = np.flatnonzero(split.training)
    of_trained = [texts[each] for each in trained.tolist()]
    save_classifier(path, fit_labels(of_trained, [labels[answers.domain[each]] for each in trained]))
    fallback = _fallback_label(labels)
    routers = [
        RouterToWrite(
            "domain",
            setting,
            "A classifier of domains sends each request to the best member of its domain",
            ClassifierRouter(type="classifier", model=path, min_score=least),
            _members(labels, fitted, fallback),
            fallback,
        )
        for least in LEAST_SCORES
    ]
    gain = _gain_on(context, texts, np.flatnonzero(split.calibration))
    return max(routers, key=gain)


def _gain_on(context: StudyContext, texts: Sequence[str], items: NDArray[np.int64]) -> Callable[[RouterToWrite], float]:
    """Return a function that computes the gain of a router on some items, by the aim of the study."""
    answers = answers_among(context.answers, items)
    requests = [texts[each] for each in items.tolist()]

    def gain(router: RouterToWrite) -> float:
        routed = pick(answers, router.choose(requests))
        # Rounded, so that of equals the first is taken.
        return round(float(answers.weight @ gain_values(context.baseline, answers, routed)), 12)

    return gain


def _members(labels: Sequence[str], fitted: FittedDomains, fallback: str) -> dict[str, int]:
    return {**dict(zip(labels, fitted.systems, strict=True)), fallback: fitted.default}


def member_names(domains: Sequence[str]) -> list[str]:
    """Return a distinct member name for each domain, of characters that a suite allows."""
    labels: list[str] = []
    for domain in domains:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", domain).strip("-._")[:70] or "domain"
        labels.append(name if name not in labels else f"{name}-{len(labels) + 1}")
    return labels


def _fallback_label(labels: Sequence[str]) -> str:
    return next(name for name in ("anything", "anything-else", "no-domain-of-these") if name not in labels)


def _nothing_gained(name: str, items: int) -> UserError:
    return UserError(
        f"no router is written: on the {items} items that its thresholds are set on, none gains on always asking "
        f"{name}. More items, or others, may tell"
    )


def _no_likelihoods(*_: object) -> list[float]:
    raise UserError("this router asks no system")
