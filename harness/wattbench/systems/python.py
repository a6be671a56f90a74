"""Run a Python callable from prompt to answer. The cheapest specialist is often one."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from wattbench.callables import NamedCallable, check_callable, look_for_callable
from wattbench.config import PythonSystem
from wattbench.config.systems.system import no_input
from wattbench.errors import UserError
from wattbench.records.rows.systems import Facts
from wattbench.systems.base import GENERATE, Engine, Reply, TaskContext, declared_parameters
from wattbench.systems.callable_lm import CallableLM, prompt_of
from wattbench.systems.confidence import of_probability

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class PythonEngine(Engine):
    """A callable, named by `package.module:function` or `/path/file.py:function`."""

    def __init__(self, name: str, config: PythonSystem) -> None:
        self._name = name
        self._config = config
        self._sure = False
        self._contexts: dict[str, TaskContext] = {}
        self._callable = NamedCallable(_where(name), config.call, config.checkout)
        self.lm = CallableLM(name, self._callable.call, prompt_of if config.sees == "prompt" else self._input_of)

    @classmethod
    def check(cls, name: str, config: PythonSystem) -> None:
        """Import the callable, as only this shows that it exists."""
        check_callable(_where(name), config.call, config.checkout)

    @classmethod
    def look(cls, name: str, config: PythonSystem) -> None:
        """Check that its file or its package exists. The callable is not imported, as that would run its module."""
        look_for_callable(_where(name), config.call, config.checkout)

    @classmethod
    def open(cls, name: str, config: PythonSystem, *, batch: int, seed: int) -> Self:
        """Import the callable. It is called for one prompt at a time, whatever the batch."""
        return cls(name, config)

    def begin_task(self, context: TaskContext) -> None:
        """Keep the context of the task, by which the inputs of its documents are read."""
        self._contexts[context.task] = context

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Call the callable for one request at a time."""
        self.activate()
        if request_type != GENERATE:
            return [Reply(value) for value in self.lm.loglikelihood(requests)]
        returned = [self.lm.answer(request) for request in requests]
        return [
            Reply(each.text, confidence=of_probability(each.probability) if self._sure else None) for each in returned
        ]

    def report_confidence(self) -> None:
        """Report from now on the probabilities that the callable states; 1 for an answer without a probability."""
        self._sure = True

    def facts(self) -> Facts:
        """Return the declared parameters, and the hash of the file that defines the callable in place of weights."""
        total, active = declared_parameters(self._config)
        return Facts(
            engine_version=f"Python {platform.python_version()}",
            parameters_total=total,
            parameters_active=active,
            weights_sha256=self._callable.sha256,
            device="cpu",
        )

    def activate(self) -> None:
        """Make imports find the modules of the callable's checkout, if it has one."""
        self._callable.activate()

    def close(self) -> None:
        """Drop the imported modules of the callable's checkout."""
        self._callable.forget()

    def _input_of(self, request: Instance) -> str:
        context = self._contexts.get(str(request.task_name))
        text = None if context is None else context.input_of(request)
        if text is None:
            raise UserError(no_input(_where(self._name), str(request.task_name)))
        return text


def _where(name: str) -> str:
    return f"system {name!r}"
