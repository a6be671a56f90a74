"""A linear model predicts how likely each member answers a request correctly; one is asked that is worth its cost.

The fallback answers unless another member is better by more than a margin:

    predicted score - the fallback's - (cost - the fallback's) / worth > margin

The rule is that of a linear utility of accuracy and cost; a predictor of each member's score, in place of a classifier
of the best one, is that of Shnitzer et al. 2023, "Large Language Model Routing with Benchmark Datasets"
(arXiv 2309.15789).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wattbench.config import PredictedRouter
from wattbench.errors import UserError, require_installed
from wattbench.routers.base import Choice, Chooser, Question, Setup
from wattbench.routers.stored_scores import StoredScores, TextScores, load_scores, read_scores


class Predicted(Chooser):
    """A router with hashed words and a linear model of every member: less than a millisecond per request."""

    def __init__(self, setup: Setup, scores: TextScores, config: PredictedRouter) -> None:
        super().__init__(setup)
        self._scores, self._margin, self._worth = scores, config.margin, config.worth
        self._default = scores.stored.members.index(setup.fallback or "")
        self.version = scores.version
        self.parts = {scores.stored.sha256: scores.stored.bytes}

    @classmethod
    def check(cls, where: str, config: PredictedRouter, members: Mapping[str, str]) -> None:
        """Check that scikit-learn is installed, and that the file is intact and names only members."""
        require_installed("sklearn", extra="router", what=f"{where}: a predicted router")
        _check_members(where, config, read_scores(config.model, where=where), members)

    @classmethod
    def open(cls, config: PredictedRouter, setup: Setup) -> Self:
        """Read the file; nothing in it is executed.

        Raises:
            UserError: the file is not right, or it does not know the fallback.
        """
        scores = load_scores(config.model, where=setup.where)
        _check_members(setup.where, config, scores.stored, setup.members)
        if setup.fallback not in scores.stored.members:
            raise UserError(
                f"{setup.where}: {config.model} predicts nothing of the fallback {setup.fallback!r}; name one of "
                f"{', '.join(scores.stored.members)} with fallback:"
            )
        return cls(setup, scores, config)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the member with the most advantage over the fallback, if it is above the margin.

        A score is the largest advantage of any other member: below the margin, or at it, the fallback answers.
        """
        predicted = self._scores.predict([question.text for question in questions])
        gains = advantages(predicted, self._scores.stored.cost, self._default, self._worth)
        members = self._scores.stored.members
        return [
            Choice(members[best] if row[best] > self._margin else None, float(row[best]))
            for row, best in zip(gains, gains.argmax(axis=1), strict=True)
        ]


def advantages(
    predicted: NDArray[np.float64], cost: NDArray[np.float64], default: int, worth: float | None
) -> NDArray[np.float64]:
    """Return by how many correct answers per request each member is better than the default one, (texts, members).

    Args:
        predicted: shape (texts, members): the probability of a correct answer.
        cost: shape (members,): of a request.
        default: which member answers unless another is better; its own column is minus infinity.
        worth: of a correct answer, in the unit of the costs; None: costs do not count.
    """
    gains = predicted - predicted[:, [default]]
    if worth is not None:
        gains = gains - (cost - cost[default]) / worth
    gains[:, default] = -np.inf
    return np.asarray(gains)


def _check_members(where: str, config: PredictedRouter, stored: StoredScores, members: Mapping[str, str]) -> None:
    unknown = [label for label in stored.members if label not in members]
    if unknown:
        raise UserError(
            f"{where}: {config.model} was trained for the members {', '.join(map(repr, stored.members))}, and "
            f"{', '.join(map(repr, unknown))} is not among the members: {', '.join(members)}"
        )
