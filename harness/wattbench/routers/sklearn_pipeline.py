"""A scikit-learn pipeline of the user's own reads what is asked; its classes are the members' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from wattbench.config import SklearnRouter
from wattbench.errors import UserError
from wattbench.routers.base import Choice, Chooser, Question, Setup, if_sure
from wattbench.routers.pipeline import HOW_TO_BE_SURE, TextPipeline, load_pipeline


class SklearnPipeline(Chooser):
    """A router whose pipeline reads the input of a file task's item, else the request, and names a member."""

    def __init__(self, setup: Setup, pipeline: TextPipeline, min_score: float) -> None:
        super().__init__(setup)
        self._pipeline = pipeline
        self._min_score = min_score
        self.version = pipeline.version
        self.parts = {pipeline.sha256: pipeline.bytes}

    @classmethod
    def check(cls, where: str, config: SklearnRouter, members: Mapping[str, str]) -> None:
        """Check that the file can be loaded, and that its classes are members."""
        _loaded(where, config, members)

    @classmethod
    def open(cls, config: SklearnRouter, setup: Setup) -> Self:
        """Load the file; no code that it names is run."""
        return cls(setup, _loaded(setup.where, config, setup.members), config.min_score)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Choose the class that the pipeline predicts for each question; the score is its probability, if known."""
        texts = [question.text if question.input is None else question.input for question in questions]
        classified = self._pipeline.classify(texts, sure=self._pipeline.sure)
        if not self._pipeline.sure:
            return [Choice(label) for label, _ in classified]
        return [
            Choice(None) if share is None else if_sure(label, share, self._min_score) for label, share in classified
        ]


def _loaded(where: str, config: SklearnRouter, members: Mapping[str, str]) -> TextPipeline:
    pipeline = load_pipeline(config.model, config.trusted, where=where)
    unknown = [label for label in pipeline.classes if label not in members]
    if unknown:
        raise UserError(
            f"{where}: {config.model} chooses between {', '.join(map(repr, pipeline.classes[:20]))}, and "
            f"{', '.join(map(repr, unknown[:20]))} is not among the members: {', '.join(members)}"
        )
    if config.min_score > 0 and not pipeline.sure:
        raise UserError(
            f"{where}: min_score: {config.model} gives no probabilities (predict_proba). Leave min_score out, or: "
            f"{HOW_TO_BE_SURE}"
        )
    return pipeline
