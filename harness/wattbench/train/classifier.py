"""Fit the text classifier of a router. A pure function of its texts: it reads and writes no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wattbench.errors import UserError, require
from wattbench.routers.stored import VectorizerSettings


def fit_classifier(texts: Sequence[str], labels: Sequence[str], seed: int) -> tuple[VectorizerSettings, Any]:
    """Fit a logistic regression on hashed words and pairs of words.

    Args:
        texts: requests, in the prompt form in which the router will read them.
        labels: the member that should answer each, by the router's name for it.
        seed: of the solver, where it draws.

    Returns:
        The vectorizer's settings and the fitted `LogisticRegression`: what `save_classifier` takes.

    Raises:
        UserError: there are fewer than two labels, or scikit-learn is missing.
    """
    if len(set(labels)) < 2:
        raise UserError(f"a router needs texts of at least two members (here: {len(set(labels))})")
    require("sklearn", extra="router", what="fitting a router")
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    settings = VectorizerSettings()
    # Rows have length 1, spread over many words: scikit-learn's C of 1 would leave every probability near the middle.
    model = LogisticRegression(C=10.0, max_iter=1000, random_state=seed)
    model.fit(HashingVectorizer(**settings.model_dump()).transform(texts), list(labels))
    return settings, model
