"""Show lm-eval a function from prompt to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from lm_eval.api.model import LM

from wattbench.errors import UserError

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

Answerer = Callable[[str], object]


@dataclass(frozen=True)
class ReturnedAnswer:
    """An answer of a function, and its probability."""

    text: str
    probability: float
    """That it is right, as the function says: 1 if it says nothing, 0 if it does not know."""


def as_answer(returned: object) -> ReturnedAnswer:
    """Read what a function returned: an answer, or `(answer, probability)`. An answer of None means unknown.

    Raises:
        ValueError: it is a tuple of something else.
    """
    answer, probability = returned, 1.0
    if isinstance(returned, tuple):
        if len(returned) != 2 or not _is_probability(returned[1]):
            raise ValueError(
                f"it returned {returned!r:.120}; return an answer, or an answer and how probable it is that it is "
                "right, a number from 0 to 1"
            )
        answer, probability = returned[0], float(returned[1])
    return ReturnedAnswer("", 0.0) if answer is None else ReturnedAnswer(str(answer), probability)


def _is_probability(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and 0.0 <= float(value) <= 1.0


def prompt_of(request: Instance) -> str:
    """Return the prompt of a request."""
    return str(request.args[0])


class CallableLM(LM):
    """A function from prompt to answer, as lm-eval sees it. It generates, and has no likelihoods."""

    def __init__(self, name: str, call: Answerer, text_of: Callable[[Instance], str] = prompt_of) -> None:
        """Wrap a function.

        Args:
            name: the system's.
            call: the function.
            text_of: what of a request it is called with.
        """
        super().__init__()
        self._name = name
        self._call = call
        self._text_of = text_of

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """Call the function once per request, and return its results as texts."""
        return [self.answer(request).text for request in requests]

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Refuse: a function gives an answer, not its probability."""
        raise UserError(f"system {self._name!r}: it generates, and has no likelihoods; choose tasks that generate")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Refuse, as `loglikelihood` does."""
        raise UserError(f"system {self._name!r}: it generates, and has no likelihoods; choose tasks that generate")

    def answer(self, request: Instance) -> ReturnedAnswer:
        """Call the function for one request.

        Raises:
            UserError: it raised something, or returned what is no answer; with the system and the prompt.
        """
        text = self._text_of(request)
        try:
            return as_answer(self._call(text))
        except UserError:
            raise  # it says already what is wrong
        except Exception as error:  # the function may raise anything; the message names its system
            raise UserError(
                f"system {self._name!r}: its callable raised {type(error).__name__}: {error} "
                f"on the prompt {text[-200:]!r}"
            ) from error
