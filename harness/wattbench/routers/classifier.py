"""Routers that read the words of a request: a text classifier scores the members, and one of them is chosen.

`classifier` chooses the member with the highest score. `predicted` asks the fallback unless another member is better by
more than a margin, where a score is how likely a member answers correctly:

    score - the fallback's - (cost - the fallback's) / worth > margin

the rule of a linear utility of accuracy and cost, with a predictor of each member's score as in Shnitzer et al. 2023,
"Large Language Model Routing with Benchmark Datasets" (arXiv 2309.15789).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np

from wattbench.config import ClassifierRouter, PredictedRouter
from wattbench.errors import UserError
from wattbench.routers.base import Choice, Chooser, Question, Setup, if_sure, text_seen
from wattbench.text_classifier import StoredClassifier, load_classifier

C = TypeVar("C", ClassifierRouter, PredictedRouter)


class _WordReader(Chooser, Generic[C]):
    """A router with hashed words and a linear model: less than a millisecond per request."""

    def __init__(self, setup: Setup, model: StoredClassifier, config: C) -> None:
        import sklearn

        super().__init__(setup)
        self._model = model
        self._config: C = config
        self.version = f"scikit-learn {sklearn.__version__}"
        self.parts = {model.sha256: model.bytes}

    @classmethod
    def check(cls, where: str, config: Any, members: Mapping[str, str]) -> None:
        """Check that the file is intact and names only members."""
        _loaded(where, config.model, members)

    @classmethod
    def open(cls, config: Any, setup: Setup) -> Self:
        """Read the file; nothing in it is executed."""
        return cls(setup, _loaded(setup.where, config.model, setup.members), config)


class Classifier(_WordReader[ClassifierRouter]):
    """A router that chooses the member with the highest score."""

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose for each question the member with the highest score, which is about its probability."""
        scores = self._model.scores([text_seen(each, self._config.sees, self._setup.where) for each in questions])
        return [
            if_sure(self._model.labels[best], min(max(float(row[best]), 0.0), 1.0), self._config.min_score)
            for row, best in zip(scores, scores.argmax(axis=1), strict=True)
        ]


class Predicted(_WordReader[PredictedRouter]):
    """A router that leaves the fallback only for a member that is predicted to be worth its cost."""

    def __init__(self, setup: Setup, model: StoredClassifier, config: PredictedRouter) -> None:
        """Keep the classifier, and check that it has a score for the fallback.

        Raises:
            UserError: it does not know the fallback.
        """
        super().__init__(setup, model, config)
        if setup.fallback not in model.labels:
            raise UserError(
                f"{setup.where}: {config.model} predicts nothing of the fallback {setup.fallback!r}; name one of "
                f"{', '.join(model.labels)} with fallback:"
            )

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the member with the largest predicted advantage over the fallback, if above the margin.

        A score is the largest advantage of any other member: below the margin, or at it, the fallback answers.
        """
        labels, cost, worth = self._model.labels, self._model.cost, self._config.worth
        fallback = labels.index(self._setup.fallback or "")
        scores = self._model.scores([each.text for each in questions])
        gains = scores - scores[:, [fallback]]
        if worth is not None:
            gains -= (cost - cost[fallback]) / worth
        gains[:, fallback] = -np.inf
        return [
            Choice(labels[best] if row[best] > self._config.margin else None, float(row[best]))
            for row, best in zip(gains, gains.argmax(axis=1), strict=True)
        ]


def _loaded(where: str, path: Path, members: Mapping[str, str]) -> StoredClassifier:
    model = load_classifier(path, where=where)
    unknown = [label for label in model.labels if label not in members]
    if unknown:
        raise UserError(
            f"{where}: {path} was trained for the members {', '.join(map(repr, model.labels))}, and "
            f"{', '.join(map(repr, unknown))} is not among the members: {', '.join(members)}"
        )
    return model
