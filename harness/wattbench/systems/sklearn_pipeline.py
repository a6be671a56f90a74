"""Run a scikit-learn pipeline from a text to a label, saved with skops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from wattbench.config import SklearnSystem
from wattbench.errors import UserError
from wattbench.records.rows.systems import Facts
from wattbench.routers.pipeline import HOW_TO_BE_SURE, TextPipeline, load_pipeline
from wattbench.systems.base import GENERATE, Engine, Reply, TaskContext, declared_parameters
from wattbench.systems.callable_lm import CallableLM, prompt_of
from wattbench.systems.confidence import of_probability

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class SklearnEngine(Engine):
    """A pipeline that reads the input of a file task's item, or the prompt of any other, and answers with its class."""

    def __init__(self, name: str, config: SklearnSystem) -> None:
        self._config = config
        self._pipeline = _loaded(name, config)
        self._name = name
        self._sure = False
        self._contexts: dict[str, TaskContext] = {}
        self.lm = CallableLM(name, lambda text: self._pipeline.classify([text], sure=False)[0][0], self._text)

    @classmethod
    def check(cls, name: str, config: SklearnSystem) -> None:
        """Check that the file can be loaded: only types that are trusted are built, so that no code of it is run."""
        _loaded(name, config)

    @classmethod
    def open(cls, name: str, config: SklearnSystem, *, batch: int, seed: int) -> Self:
        """Load the file."""
        return cls(name, config)

    def begin_task(self, context: TaskContext) -> None:
        """Keep the context of the task, by which the inputs of its documents are read."""
        self._contexts.pop(context.task, None)
        self._contexts[context.task] = context

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Classify the texts of all requests in one call."""
        if request_type != GENERATE:
            return [Reply(value) for value in self.lm.loglikelihood(requests)]
        classified = self._pipeline.classify([self._text(request) for request in requests], sure=self._sure)
        return [Reply(label, confidence=None if p is None else of_probability(p)) for label, p in classified]

    def report_confidence(self) -> None:
        """Report from now on the probability of each class that is an answer.

        Raises:
            UserError: the pipeline has none.
        """
        if not self._pipeline.sure:
            raise UserError(
                f"system {self._name!r}: {self._config.model} gives no probabilities (predict_proba), by which a "
                f"cascade judges its answers. {HOW_TO_BE_SURE}"
            )
        self._sure = True

    def facts(self) -> Facts:
        """Return the file's digest and size, and the versions of the libraries."""
        total, active = declared_parameters(self._config)
        return Facts(
            engine_version=self._pipeline.version,
            parameters_total=total,
            parameters_active=active,
            weight_bytes=self._pipeline.bytes,
            weights_sha256=self._pipeline.sha256,
            device="cpu",
        )

    def _text(self, request: Instance) -> str:
        latest = next(reversed(self._contexts.values()), None)
        context = latest if request.task_name is None else self._contexts.get(request.task_name)
        given = None if context is None else context.input_of(request)
        return prompt_of(request) if given is None else given


def _loaded(name: str, config: SklearnSystem) -> TextPipeline:
    return load_pipeline(config.model, config.trusted, where=f"system {name!r}")
