"""A Python function of the user's own chooses the member: ``choose(text, members)``."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Self

from wattbench.callables import NamedCallable, check_callable, look_for_callable
from wattbench.config import PythonRouter
from wattbench.errors import UserError, nearest
from wattbench.routers.base import Choice, Chooser, Question, Setup, text_seen


class PythonFunction(Chooser):
    """A router that calls a function once per request, with a text and the list of the members' names.

    It returns a name, or a name and a score (any finite number), or None in place of a name.
    """

    def __init__(self, setup: Setup, config: PythonRouter) -> None:
        super().__init__(setup)
        self._config = config
        self._callable = NamedCallable(setup.where, config.call, config.checkout)
        self._members = list(setup.members)
        self.version = f"Python {platform.python_version()}"
        source, sha256 = self._callable.source, self._callable.sha256
        self.parts = {} if source is None or sha256 is None else {sha256: source.stat().st_size}

    @classmethod
    def check(cls, where: str, config: PythonRouter, members: Mapping[str, str]) -> None:
        """Import the function, as only this shows that it exists."""
        check_callable(where, config.call, config.checkout)

    @classmethod
    def look(cls, where: str, config: PythonRouter, members: Mapping[str, str]) -> None:
        """Check that its file or its package exists, without running it."""
        look_for_callable(where, config.call, config.checkout)

    @classmethod
    def open(cls, config: PythonRouter, setup: Setup) -> Self:
        """Import the function."""
        return cls(setup, config)

    def choose(self, questions: Sequence[Question]) -> list[Choice]:
        """Call the function for each question.

        Raises:
            UserError: it raised something, or returned no choice; with the item and the function.
        """
        self._callable.activate()
        return [self._choice(question) for question in questions]

    def close(self) -> None:
        """Drop the modules of its checkout."""
        self._callable.forget()

    def _choice(self, question: Question) -> Choice:
        text = text_seen(question, self._config.sees, self._setup.where)
        try:
            returned = self._callable.call(text, list(self._members))
        except UserError:
            raise  # it says already what is wrong
        except Exception as error:  # the function may raise anything
            raise self._error(question, text, f"raised {type(error).__name__}: {error}") from error
        label, score = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, None)
        if not (label is None or isinstance(label, str)):
            raise self._error(
                question, text, f"returned {returned!r:.120}, not a member's name, or a name and a score, or None"
            )
        if label is not None and label not in self._setup.members:
            hint = nearest(label, self._members)
            raise self._error(
                question,
                text,
                f"returned {label!r:.80}, which is not one of the members ({', '.join(self._members)}){hint}",
            )
        if score is None:
            return Choice(label)
        if isinstance(score, bool) or not isinstance(score, Real) or not math.isfinite(score):
            raise self._error(question, text, f"returned the score {score!r:.80}, which is no finite number")
        return Choice(label, float(score))

    def _error(self, question: Question, text: str, what: str) -> UserError:
        item = f"{question.item}, " if question.item else ""
        return UserError(f"{self._setup.where}: call: {self._config.call!r} {what} ({item}text ending {text[-80:]!r})")
