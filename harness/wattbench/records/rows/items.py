"""An item of the record: an answer with its score and what it cost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from wattbench.records.rows.answers import FinishReason
from wattbench.records.rows.schema import RecordRow


@dataclass(frozen=True, kw_only=True)
class ItemRow(RecordRow):
    """A row of `items.parquet`: one item, answered, scored, timed and with its energy."""

    run: str
    system: str
    kind: str
    task: str
    domain: str
    doc_id: int
    doc_hash: str
    prompt_hash: str
    messages_hash: str = ""
    """As in `AnswerRow`."""
    repeat: int
    correct: float | None
    """0 to 1; None only in an imported run without scores. Of a system all answers are scored, or none."""
    metrics: str
    """A JSON object: every metric, keyed as lm-eval keys it."""
    prompt_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None = None
    """As in `AnswerRow`. So for the next two."""
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    scheduled_s: float | None
    """None only in an imported run without times, as the next one and `finished_s`. If only the duration is known it
    starts at 0."""
    started_s: float | None
    first_token_s: float | None
    finished_s: float | None
    token_s: list[float]
    batch: int
    batch_size: int
    window: str
    energy_j: float | None
    """The item's share of its window's joules, or None if the window is not valid."""
    energy_above_idle_j: float | None
    energy_provenance: str
    own_cpu_s: float | None = None
    """The item's share of its window's own CPU seconds, divided as its joules are; also of a window that is not valid.
    None if they are not known."""
    route: str | None = None
    """For a hybrid: which member answered. The next four are also for hybrids, as in `AnswerRow`."""
    route_score: float | None = None
    router_s: float | None = None
    router_energy_j: float | None = None
    """The router's part of `energy_j`, by its part of the seconds attributed to the item."""
    route_asked: list[str] = field(default_factory=list)
    usage: list[dict[str, Any]] = field(default_factory=list)
    """As in `AnswerRow`."""
    offered_per_s: float | None = None
    """Under load, the rate at which requests arrived; `scheduled_s` is then when it was due, and latency counts from
    there."""
    arrivals: str | None = None
    """As in `AnswerRow`."""
    finish_reason: FinishReason | None = None
    """As in `AnswerRow`. So for the next one."""
    output_limit: int | None = None
    failure: str | None = None
    """As in `AnswerRow`: a failed request is not correct."""
    waited_s: float = 0.0
    """As in `AnswerRow`. So for the next two."""
    resent: int = 0
    remark: str | None = None
    cost: float | None = None
    """Money, in an imported run whose source gives it, in the currency of the source."""
    block: int | None = None
    """In which block it was asked, from 0; None if the run has no blocks. `attempt` as in `AnswerRow`."""
    attempt: int = 0
    passes: int = 1
    """`energy_j` and the other shares are means over this many passes of its window. The times are of the first
    pass."""
    node: str = ""
    """The machine that asked it, as in `WindowRow`. So for the next one."""
    co_runners: int = 0
    prompt: str
    output: str
    filtered: str
    target: str


def named_item_hash(task: str, item: str) -> str:
    """Return the `doc_hash` of an imported item by its name, for sources without hashes."""
    return hashlib.sha256(f"{task}\0{item}".encode("utf-8", "surrogatepass")).hexdigest()
