"""Show lm-eval a function from prompt to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lm_eval.api.model import LM

from wattbench.errors import UserError

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

Answerer = Callable[[str], object]


def prompt_of(request: Instance) -> str:
    """Return the prompt of a request."""
    return str(request.args[0])


class CallableLM(LM):
    """A function from prompt to answer, as lm-eval sees it. It generates, and has no likelihoods."""

    def __init__(self, name: str, call: Answerer, text_of: Callable[[Instance], str] = prompt_of) -> None:
        """Prepare the function to be asked.

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
        """Call the function once per request; the result is turned into text."""
        return [self._answer(self._text_of(request)) for request in requests]

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Refuse: a function gives an answer, not its probability."""
        raise UserError(f"system {self._name!r}: it generates, and has no likelihoods; choose tasks that generate")

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Refuse, as `loglikelihood` does."""
        raise UserError(f"system {self._name!r}: it generates, and has no likelihoods; choose tasks that generate")

    def _answer(self, prompt: str) -> str:
        try:
            return str(self._call(prompt))
        except UserError:
            raise  # it says already what is wrong
        except Exception as error:  # the function may raise anything; the message names its system
            raise UserError(
                f"system {self._name!r}: its callable raised {type(error).__name__}: {error} "
                f"on the prompt {prompt[-200:]!r}"
            ) from error
