"""Define the record of which experts a mixture used."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattbench.records.rows.schema import Count, RecordRow


@dataclass(frozen=True, kw_only=True)
class ExpertRow(RecordRow):
    """A line of `experts/<system>/<task>.jsonl`: which experts a mixture used for an item. From a pass of its own."""

    doc_id: Count
    repeat: Count
    tokens: Count
    """Of prompt and answer: each uses `experts_per_token` experts in every sparse layer."""
    counts: list[list[Count]]
    """For each layer of the system's `expert_layers`, how many tokens used each expert."""
    prompt_tokens: Count | None = None
    """Of the prompt alone, processed in one pass. None in older records, where the next two are empty."""
    prompt_counts: list[list[Count]] = field(default_factory=list)
    """As `counts`, for the prompt alone: those above 0 are the experts that its pass used. The rest of `counts` is the
    answer's."""
    pairs: list[list[Count]] = field(default_factory=list)
    """For each layer, how many tokens used both of two experts: all pairs, in the order (0, 1), (0, 2), ... (1, 2), ...
    All 0 where a token uses one expert."""
