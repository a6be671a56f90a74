"""What an engine is: a loaded system that answers lm-eval's requests and says when each token came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM

    from harness.config import SystemBase

GENERATE = "generate_until"
LOGLIKELIHOOD = "loglikelihood"
ROLLING = "loglikelihood_rolling"


@dataclass(frozen=True)
class Reply:
    """A system's reply to one request."""

    value: Any
    """As lm-eval expects it: a text, ``(log-likelihood, is greedy)``, or a log-likelihood."""
    prompt_tokens: int | None = None
    """None where the engine cannot count them. So for `output_tokens`."""
    output_tokens: int | None = None
    token_s: tuple[float, ...] = field(default=())
    """When each output token arrived, seconds since the epoch (`harness.clock`); empty where unknown."""
    finished_s: float | None = None
    """When this reply was complete; None where all of a batch end together, when the call returns."""

    @property
    def first_token_s(self) -> float | None:
        """When the first output token arrived."""
        return self.token_s[0] if self.token_s else None


@dataclass(frozen=True)
class Facts:
    """What a loaded system is made of. None where nobody can tell."""

    engine_version: str | None = None
    parameters_total: int | None = None
    parameters_active: int | None = None
    weight_bytes: int | None = None
    weights_sha256: str | None = None
    dtype: str | None = None
    device: str | None = None
    shares_base_with: str | None = None
    """The system that had already loaded this one's base."""


class Engine(ABC):
    """A loaded system. Building one loads it; `close` frees what it holds. Use as a context manager."""

    request_types: ClassVar[frozenset[str]] = frozenset({GENERATE})
    """The kinds of lm-eval request it can answer."""

    lm: LM
    """The system as lm-eval sees it; the scores of a run are those lm-eval would give this object."""

    @classmethod
    @abstractmethod
    def check(cls, name: str, config: Any) -> None:
        """See, without loading anything, that the system can be loaded here.

        Raises:
            UserError: it cannot, and what to do about it.
        """

    @classmethod
    @abstractmethod
    def open(cls, name: str, config: Any, *, batch: int, seed: int) -> Self:
        """Load the system.

        Args:
            name: the system's name, for messages.
            config: its part of the suite.
            batch: how many items it will be asked at once.
            seed: for whatever in it is random.

        Raises:
            UserError: it cannot be loaded.
        """

    @abstractmethod
    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        """Answer some requests of one type together; replies in the same order."""

    @abstractmethod
    def facts(self) -> Facts:
        """What the system is made of."""

    def peak_memory_bytes(self) -> int | None:
        """Highest resident memory so far of the process that runs the system."""
        from harness.systems.memory import peak_resident_bytes

        return peak_resident_bytes()

    def peak_device_memory_bytes(self) -> int | None:
        """Highest memory allocated so far on the accelerator; None without one."""
        return None

    def close(self) -> None:
        """Free what the system holds. Safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def declared_parameters(config: SystemBase, total: int | None = None) -> tuple[int | None, int | None]:
    """Total and active parameters: those declared in the suite, else the counted total for both."""
    if config.parameters is not None:
        return config.parameters.total, config.parameters.active or config.parameters.total
    return total, total
