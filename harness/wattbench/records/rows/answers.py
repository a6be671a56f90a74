"""An answer to a request, and its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wattbench.records.rows.field_checks import FieldError, check_choice, check_order
from wattbench.records.rows.schema import RecordRow

REQUEST_TYPES = (
    "generate_until",
    "loglikelihood",
    "loglikelihood_rolling",
    "multiple_choice",
    "generate_until_multi_round",
)
"""lm-eval's."""

FinishReason = Literal["stop", "length"]
"""Why a generated answer ended: at its own end or a stop sequence, or at its limit of output tokens. The words are
those of the OpenAI protocol."""
FINISH_REASONS: tuple[FinishReason, ...] = ("stop", "length")


@dataclass(frozen=True, kw_only=True)
class AnswerRow(RecordRow):
    """A line of `items/<system>/<task>.jsonl`: what a system answered, and when. Written as it happens."""

    doc_id: int
    repeat: int
    """0 for the first time an item is asked; counts up where the suite asks each item again."""
    request_type: str
    """lm-eval's: ``generate_until``, ``loglikelihood`` or ``loglikelihood_rolling``."""
    prompt: str
    prompt_hash: str
    messages_hash: str = ""
    """Of the messages behind the prompt, few-shot examples included, as they were before the model's chat template.
    Empty without a chat template, and in older records."""
    replies: list[Any]
    """lm-eval's replies in request order: a text, or ``[log-likelihood, is greedy]`` per choice."""
    prompt_tokens: int | None
    """None if the engine cannot count them. `output_tokens` likewise."""
    output_tokens: int | None
    cached_tokens: int | None = None
    """Of `prompt_tokens`, those that a server had in its cache, as it reports. None in older records and if it does not
    report it."""
    reasoning_tokens: int | None = None
    """Of `output_tokens`, those of thoughts before the answer, as a server reports them; None as above."""
    cache_write_tokens: int | None = None
    """Of `prompt_tokens`, those that a server wrote to its cache and bills as such; None as above."""
    scheduled_s: float
    """When the request was due. In a closed loop that is when it was sent."""
    started_s: float
    first_token_s: float | None
    """None if the engine does not stream, or nothing was generated."""
    finished_s: float
    token_s: list[float] = field(default_factory=list)
    """When each output token arrived, the first included; empty if the engine does not report it."""
    batch: int
    """Which call of the system this was part of; items that share it were in flight together."""
    batch_size: int
    window: str
    """The id of the window in which it was asked."""
    route: str | None = None
    """For a hybrid: which member answered."""
    route_score: float | None = None
    """The router's confidence, on its own scale."""
    router_s: float | None = None
    """Seconds that choosing took, within the item's own: for a batch, the item's share of them. A cascade chooses by
    asking, so every answer that it rejected counts."""
    route_asked: list[str] = field(default_factory=list)
    """Every member that was asked, in order: more than one where a cascade escalated."""
    usage: list[dict[str, Any]] = field(default_factory=list)
    """For a hybrid: what each system that was asked used, rejected answers and what the router asked included:
    ``{"system", "prompt_tokens", "cached_tokens", "output_tokens", "seconds", "reasoning_tokens",
    "cache_write_tokens"}``; seconds are the item's share of the call's. Empty in older records."""
    offered_per_s: float | None = None
    """In the scenario `load`: the rate at which requests arrived. Such answers count if a `LoadRow` names their
    window; `repeat` counts up within a rate."""
    arrivals: str | None = None
    """As in `LoadRow`: how they arrived."""
    arrival: dict[str, Any] = field(default_factory=dict)
    """Of a trace: `row` of its file, `session`, `input_tokens` and `output_tokens` as the trace has them, and
    `released_s`, when the answers came that it had to wait for. What is not known is left out."""
    finish_reason: FinishReason | None = None
    """Why the answer ended: ``stop``, or ``length`` at its limit of output tokens. None if the engine does not say, or
    nothing was generated, and in older records."""
    output_limit: int | None = None
    """The most output tokens that the answer could have; of a hybrid's, that of the member that gave it. None as
    above."""
    failure: str | None = None
    """Why the request has no answer: `replies` then holds empty ones, and it has no tokens. It is not correct; its
    seconds are until it failed, and it keeps its joules."""
    waited_s: float = 0.0
    """Seconds before it was sent, for the last time: it waited for its turn under a limit, or was refused and sent
    again. They come before `started_s`, and no latency counts them. 0 in older records."""
    resent: int = 0
    """How often its requests were sent again: after a refusal, or as no answer of its own came."""
    remark: str | None = None
    """What there is to say of it besides: which counts of tokens are missing as they cannot be, or that it was sent
    again as another answer came. None: nothing, and in older records."""
    block: int | None = None
    """In which block it was asked, from 0. None: the run has no blocks."""
    attempt: int = 0
    """Which attempt of the block it belongs to: 0 as first asked. Only the last complete attempt counts."""

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the answer has a reply, a known type, and an end after its start."""
        check_choice(raw, "request_type", REQUEST_TYPES)
        check_order(raw)
        if raw.get("finish_reason") is not None:
            check_choice(raw, "finish_reason", FINISH_REASONS)
        if not raw["replies"]:
            raise FieldError("replies is []: it must have a reply")


ScoreKey = tuple[int, int, float | None, str | None]
"""Document, repeat, rate and kind of arrivals: they identify an answer of a cell."""


@dataclass(frozen=True, kw_only=True)
class ScoreRow(RecordRow):
    """A line of `scores/<system>/<task>.jsonl`: lm-eval's own score of one item."""

    doc_id: int
    repeat: int
    doc_hash: str
    """lm-eval's hash of the document: the same for every system, or the systems did not do the same work."""
    target: str
    filtered: str
    """The answer after lm-eval's filter: what was compared with the target."""
    correct: float
    """0 to 1: the metric that the suite calls correctness."""
    metrics: dict[str, Any]
    """Every metric of the item, keyed as lm-eval keys it: ``exact_match,none``."""
    offered_per_s: float | None = None
    """As in `AnswerRow`. So for the next one."""
    arrivals: str | None = None

    @property
    def key(self) -> ScoreKey:
        """Return what identifies the answer in its cell."""
        return self.doc_id, self.repeat, self.offered_per_s, self.arrivals

    @classmethod
    def check(cls, raw: Mapping[str, Any]) -> None:
        """Check that the score is a share."""
        if raw["correct"] > 1:
            raise FieldError(f"correct is {raw['correct']!r:.60}: it must be between 0 and 1")
