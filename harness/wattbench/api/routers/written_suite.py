"""Write a suite of a run's systems from its record, with paths relative to the written file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from wattbench.config import ClassifierRouter, PredictedRouter
from wattbench.config.written_paths import written_path
from wattbench.errors import UserError
from wattbench.routers import Question, Setup, open_router
from wattbench.routers.base import Chooser
from wattbench.terminal import printable
from wattbench.text_classifier import fit_labels, save_classifier
from wattbench_reports.routing.answers.item_answers import answers_among, pick
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.fitting.fitted import fit_by_domain, fit_by_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench.config import HybridSystem, Resolved, SystemBase
    from wattbench_reports.routing.context import StudyContext
    from wattbench_reports.routing.fitting.fitted import FittedDomains, Split


NAME_LENGTH = 80
WIDTH = 120


@dataclass(frozen=True)
class WrittenSuite:
    """The parts of a suite that is to be written."""

    resolved: Resolved
    """The suite of the run."""
    name: str
    description: str
    documents: Mapping[str, Sequence[int]]
    """Task to the documents that are asked. A task without any is left out."""
    systems: Sequence[str]
    """Of the run; they take part."""
    hybrid: str
    """The name of a hybrid that is added, and takes part."""
    settings: HybridSystem
    """Of the hybrid."""


def suite_text(suite: WrittenSuite, folder: Path, comment: Sequence[str] = ()) -> str:
    """Return the suite as YAML.

    Args:
        suite: what is to be written.
        folder: in which the file will be: relative paths are from there.
        comment: lines at its beginning; a line break in one, as in the name of a run, does not end it.
    """
    given = suite.resolved.suite
    systems: dict[str, SystemBase] = {name: suite.resolved.systems[name] for name in suite.systems}
    kept = given.model_dump(exclude_defaults=True, exclude={"name", "description", "tasks", "systems"})
    data = {
        "name": suite.name[:NAME_LENGTH],
        "description": suite.description,
        "tasks": {
            "include": given.tasks.include,
            "select": [
                choice.model_copy(update={"limit": None, "documents": sorted(suite.documents[choice.task])}).model_dump(
                    exclude_defaults=True
                )
                for choice in given.tasks.select
                if suite.documents.get(choice.task)
            ],
        },
        "systems": {
            "define": {
                name: _settings(system, folder) for name, system in {**systems, suite.hybrid: suite.settings}.items()
            }
        },
        **kept,
    }
    return _yaml(data, folder, comment)


def catalogue_text(systems: Mapping[str, SystemBase], folder: Path, comment: Sequence[str]) -> str:
    """Return systems as the YAML of a catalogue.

    Args:
        systems: by name.
        folder: in which the file will be: relative paths are from there.
        comment: lines at its beginning.
    """
    return _yaml({"systems": {name: _settings(system, folder) for name, system in systems.items()}}, folder, comment)


def _yaml(data: Mapping[str, Any], folder: Path, comment: Sequence[str]) -> str:
    body = yaml.safe_dump(
        _plain(data, folder), sort_keys=False, default_flow_style=None, width=WIDTH, allow_unicode=True
    )
    return "".join(f"# {printable(line)}".rstrip() + "\n" for line in comment) + "\n" * bool(comment) + body


def _settings(system: SystemBase, folder: Path) -> dict[str, Any]:
    """Return a system's settings as a suite file states them, without those that reading the file fills in."""
    settings = system.model_dump(exclude_defaults=True, exclude={"pool", "checkout"})
    call = settings.get("call")
    if isinstance(call, str) and ".py:" in call:
        module, _, function = call.rpartition(":")
        settings["call"] = f"{written_path(Path(module), folder)}:{function}"
    return settings


def _plain(value: Any, folder: Path) -> Any:
    """Convert a value to YAML's types, with paths relative to a folder."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each, folder) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, folder) for each in value]
    if isinstance(value, Path):
        return written_path(value, folder)
    return value.value if isinstance(value, Enum) else value


KINDS = ("classifier", "domain")
"""Kinds of choices of a study that can be written."""
_LEAST_SCORES = (0.0, 0.5, 0.7, 0.9)
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
        for least in _LEAST_SCORES
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
