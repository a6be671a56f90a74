"""Let a language model read the request, and choose the label whose words are most likely to follow.

Some words are likelier than others whatever was asked. So each label's log-likelihood is taken relative to that after
a question without content: contextual calibration (Zhao et al. 2021, "Calibrate Before Use", arXiv 2102.09690).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

from wattbench.config import LlmRouter
from wattbench.routers.base import Choice, Chooser, Question, Setup, if_sure

WITHOUT_CONTENT = "N/A"


class Reader(Chooser):
    """A router that compares the likelihoods of all labels, as the reader states them, and generates no text."""

    def __init__(self, setup: Setup, config: LlmRouter) -> None:
        super().__init__(setup)
        self._config = config
        self._prior: Sequence[float] | None = None

    @classmethod
    def open(cls, config: LlmRouter, setup: Setup) -> Self:
        """Return the router; the hybrid loads the reader."""
        return cls(setup, config)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the label whose words the question makes likelier by the most; its score is its share by softmax."""
        if self._prior is None:
            self._prior = self._likelihoods([WITHOUT_CONTENT])
        count = len(self._config.continuations)
        likelihoods = self._likelihoods([question.text for question in questions])
        rows = [likelihoods[start : start + count] for start in range(0, len(likelihoods), count)]
        return [self._choice([value - prior for value, prior in zip(row, self._prior, strict=True)]) for row in rows]

    def _likelihoods(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the likelihood of every label's words after each text; all labels of the first text come first."""
        # Not str.format: a request may hold braces of its own.
        prompts = [self._config.prompt.replace("{question}", text) for text in texts]
        pairs = [(prompt, words) for prompt in prompts for words in self._config.continuations.values()]
        return self._setup.likelihoods(self._config.reader, pairs)

    def _choice(self, gains: Sequence[float]) -> Choice:
        shares = softmax(gains)
        if shares is None:
            return Choice(None)
        share, label = max(zip(shares, self._config.continuations, strict=True), key=lambda pair: pair[0])
        return if_sure(label, share, self._config.min_score)


def softmax(values: Sequence[float]) -> list[float] | None:
    """Return the softmax of values; 0 for a value that is not finite. None without a finite value."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    weights = [math.exp(value - max(finite)) if math.isfinite(value) else 0.0 for value in values]
    return [weight / sum(weights) for weight in weights]
