"""What an engine is: a loaded system that answers lm-eval's requests and says when each token came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wattbench.errors import UserError

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM

    from wattbench.config import Prompt, SystemBase

GENERATE = "generate_until"
LOGLIKELIHOOD = "loglikelihood"
ROLLING = "loglikelihood_rolling"


@dataclass(frozen=True)
class Route:
    """How a hybrid came to a reply."""

    member: str
    """The system that gave the reply."""
    score: float | None
    """How sure the router was, on its own scale; None where it has none."""
    router_s: float
    """Seconds that choosing took, for this item (for a batch: its share): they lie between its start and its finish.

    A cascade chooses by asking, so that every answer which it did not take counts.
    """
    asked: tuple[str, ...]
    """Every system that was asked for it, in order; the last is `member`."""


@dataclass(frozen=True)
class Reply:
    """A system's reply to one request."""

    value: Any
    """As lm-eval expects it: a text, ``(log-likelihood, is greedy)``, or a log-likelihood."""
    prompt_tokens: int | None = None
    """None where the engine cannot count them. So for `output_tokens`."""
    output_tokens: int | None = None
    token_s: tuple[float, ...] = field(default=())
    """When each output token arrived, seconds since the epoch (`wattbench.clock`); empty where unknown."""
    finished_s: float | None = None
    """When this reply was complete; None where all of a batch end together, when the call returns."""
    confidence: float | None = None
    """Mean log-probability per generated token; None unless `Engine.report_confidence` asked for it."""
    route: Route | None = None
    """For a hybrid."""

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
    served_model: str | None = None
    """What a server that we did not start calls its model."""
    dtype: str | None = None
    device: str | None = None
    shares_base_with: str | None = None
    """The system that had already loaded this one's base."""


@dataclass(frozen=True)
class Mixture:
    """What a system's experts are."""

    experts: tuple[str, ...] = ()
    """Their names, in the order of the routers."""
    layers: tuple[int, ...] = ()
    """The layers that have them."""
    per_token: int | None = None
    """How many are asked for a token in each of these layers."""
    expert_bytes: int | None = None
    """Bytes of one expert in one of these layers, as loaded."""
    shared_bytes: int | None = None
    """Bytes, as loaded, of all weights that every token reads, whichever experts it asks."""


@dataclass(frozen=True)
class ExpertsAsked:
    """Which experts a text asked, by layer. Counts have the shape (layers that have experts, experts)."""

    prompt_tokens: int
    answer_tokens: int
    counts: list[list[int]]
    """How often each expert was asked, for prompt and answer together."""
    prompt_counts: list[list[int]]
    """For the prompt alone."""
    pairs: list[list[int]]
    """By layer, for how many tokens two experts were both asked: all pairs, (0, 1), (0, 2), ... (1, 2), ..."""


@dataclass(frozen=True)
class TaskContext:
    """What a system may know of the task whose items it is about to be asked."""

    task: str
    domain: str
    requests: Callable[[Prompt, LM], Mapping[int, Sequence[Instance]]]
    """The requests of every document (by its doc_id), as they would be put in another prompt form, to another LM."""


class Engine(ABC):
    """A loaded system. Building one loads it; `close` frees what it holds. Use as a context manager."""

    request_types: ClassVar[frozenset[str]] = frozenset({GENERATE})
    """The kinds of lm-eval request it can answer."""

    concurrent: ClassVar[bool] = False
    """Whether several threads may ask it at once, each for a reply of its own: a server can, a model in this
    process cannot."""

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

    def tells_first_token(self, request_type: str) -> bool:
        """Whether `answer_live` says when the first token comes, while it comes."""
        return False

    def answer_live(
        self, request_type: str, requests: Sequence[Instance], first_token: Callable[[], None]
    ) -> list[Reply]:
        """As `answer`, and calls `first_token` as an output token arrives: the first at least, where it can tell.

        What it calls must return at once and never raise.
        """
        return self.answer(request_type, requests)

    @abstractmethod
    def facts(self) -> Facts:
        """What the system is made of."""

    def parts(self) -> Mapping[str, int | None]:
        """The files it is made of: SHA-256 to bytes (None where unknown). Empty where nobody can tell."""
        facts = self.facts()
        return {facts.weights_sha256: facts.weight_bytes} if facts.weights_sha256 is not None else {}

    @classmethod
    def request_types_of(cls, config: Any) -> frozenset[str]:
        """The kinds of request that a system so configured can answer."""
        return cls.request_types

    def begin_task(self, context: TaskContext) -> None:
        """Called before a task's items are asked. Most engines need not know."""

    def report_confidence(self) -> None:
        """From now on, say in each generated `Reply` how confident it is. It costs a little time for each token.

        Raises:
            UserError: this engine cannot tell.
        """
        raise UserError("only models in this process (engine transformers or moe) can say how confident an answer is")

    def mixture(self) -> Mixture | None:
        """What its experts are; None for a system that has none."""
        return None

    def experts_asked(self, prompt: str, answer: str) -> ExpertsAsked:
        """For a mixture, which experts a text asks. Never called while time is measured."""
        raise NotImplementedError  # only called where `mixture` is not None

    def peak_memory_bytes(self) -> int | None:
        """Highest resident memory so far of the process that runs the system."""
        from wattbench.systems.memory import peak_resident_bytes

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


def declared_parameters(
    config: SystemBase, total: int | None = None, active: int | None = None
) -> tuple[int | None, int | None]:
    """Total and active parameters: those declared in the suite, else the counted ones (active: the total)."""
    if config.parameters is not None:
        return config.parameters.total, config.parameters.active or config.parameters.total
    return total, total if active is None else active
