"""A scikit-learn text classifier reads the request; its classes are the members' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from wattbench.config import ClassifierRouter
from wattbench.errors import UserError, require_installed
from wattbench.routers.base import Choice, Chooser, Question, Setup, if_sure, text_seen
from wattbench.routers.stored import StoredClassifier, TextClassifier, load_classifier, read_stored


class Classifier(Chooser):
    """A router with hashed words and a linear model: less than a millisecond per request."""

    def __init__(self, setup: Setup, classifier: TextClassifier, config: ClassifierRouter) -> None:
        super().__init__(setup)
        self._classifier = classifier
        self._config = config
        self.version = classifier.version
        self.parts = {classifier.stored.sha256: classifier.stored.bytes}

    @classmethod
    def check(cls, where: str, config: ClassifierRouter, members: Mapping[str, str]) -> None:
        """Check that scikit-learn is installed, and that the file is intact and names only members."""
        require_installed("sklearn", extra="router", what=f"{where}: a classifier")
        _check_classes(where, config, read_stored(config.model, where=where), members)

    @classmethod
    def open(cls, config: ClassifierRouter, setup: Setup) -> Self:
        """Read the file; nothing in it is executed."""
        classifier = load_classifier(config.model, where=setup.where)
        _check_classes(setup.where, config, classifier.stored, setup.members)
        return cls(setup, classifier, config)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the likeliest class; its score is its probability."""
        texts = [text_seen(question, self._config.sees, self._setup.where) for question in questions]
        return [if_sure(label, share, self._config.min_score) for label, share in self._classifier.likeliest(texts)]


def _check_classes(where: str, config: ClassifierRouter, stored: StoredClassifier, members: Mapping[str, str]) -> None:
    unknown = [label for label in stored.classes if label not in members]
    if unknown:
        raise UserError(
            f"{where}: {config.model} was trained for the members {', '.join(map(repr, stored.classes))}, and "
            f"{', '.join(map(repr, unknown))} is not among the members: {', '.join(members)}"
        )
