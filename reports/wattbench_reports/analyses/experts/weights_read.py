"""Compute how many bytes of weights a mixture reads: those of the experts it activates, against all it holds."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.analyses.experts.recorded_choices import Choices
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.token_timings import token_times


@dataclass(frozen=True)
class Touched:
    """The weights that one mixture reads, with one text at a time. Weights only: no key-value cache, no activations.

    Bytes are None where the record lacks the size of an expert, or does not count the prompt separately.
    """

    parameters_total: int | None
    parameters_active: int | None
    all_bytes: int | None
    """Of all weights, those of every expert among them, less an embedding that is only looked up."""
    decode_bytes: float | None
    """Per output token: one pass, and the experts it asks."""
    prompt_tokens: float | None
    """Mean per text."""
    prompt_experts: float | None
    """How many different experts of a layer the pass over a prompt asks: mean over texts and layers."""
    prompt_bytes: float | None
    """Per pass over a prompt: mean over texts."""
    prompt_token_bytes: float | None
    """Of all such passes, over all prompt tokens."""
    decode_s: float | None
    """Seconds per output token after the first, of the timed requests; None where tokens were not seen to arrive, or
    were generated for several requests at once."""

    @property
    def active_share(self) -> float | None:
        """Return the share of the parameters that a token uses; None where it is not known."""
        if not self.parameters_total or self.parameters_active is None:
            return None
        return self.parameters_active / self.parameters_total

    @property
    def bytes_per_s(self) -> float | None:
        """Return the bytes that decoding reads per second."""
        return None if self.decode_bytes is None or not self.decode_s else self.decode_bytes / self.decode_s


def touched(analysis: Analysis, choices: Choices) -> Touched:
    """Compute the bytes of weights that each token of a mixture reads."""
    row = choices.row
    experts = choices.prompt_touched
    known = row.expert_bytes is not None and row.shared_bytes is not None
    each, shared = row.expert_bytes or 0, row.shared_bytes or 0
    passes = shared + each * experts.sum(axis=1)
    countable = known and len(passes) > 0
    answered = float(choices.answer_tokens.sum())
    return Touched(
        parameters_total=row.parameters_total,
        parameters_active=row.parameters_active,
        all_bytes=shared + each * len(row.expert_layers) * choices.number if known else None,
        decode_bytes=shared + each * float(choices.answer_asked.sum()) / answered if countable and answered else None,
        prompt_tokens=float(choices.prompt_tokens.mean()) if len(experts) else None,
        prompt_experts=float(experts.mean()) if len(experts) else None,
        prompt_bytes=float(passes.mean()) if countable else None,
        prompt_token_bytes=float(passes.sum() / choices.prompt_tokens.sum()) if countable else None,
        decode_s=_decode_s(analysis, row.system),
    )


def _decode_s(analysis: Analysis, system: str) -> float | None:
    items = analysis.frames.items
    batch_size = analysis.frames.more_columns("batch_size")["batch_size"]
    if bool((batch_size[items["system"] == system] > 1).any()):
        return None
    return token_times(analysis.frames)[system].decode_s
