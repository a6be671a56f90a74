"""Stamp every token of lm-eval's Hugging Face model.

Nothing of the generation is changed: a logits processor that returns its scores untouched is called once per
token, and that is when the clock is read.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from wattbench.clock import now_s


@dataclass(frozen=True)
class Generation:
    """The tokens of one generated answer, and their times."""

    prompt_tokens: int
    output_tokens: int
    """Tokens that were generated, with the end-of-text token: all that were computed, not only those that were kept."""
    token_s: tuple[float, ...]
    confidence: float | None
    """Mean log-probability of the tokens, if it was requested."""
    cut: bool
    """It has all the tokens that it could have, and neither the end-of-text token nor a stop sequence."""


class StampedHFLM(HFLM):
    """An HFLM that records, for each prompt that it answers, the tokens and their times."""

    def __init__(self, model: Any, tokenizer: Any, *, batch: int, max_output_tokens: int) -> None:
        super().__init__(pretrained=model, tokenizer=tokenizer, backend="causal", batch_size=batch)
        self.keep_confidence = False
        self.on_first_token: Callable[[], None] | None = None
        """Called when the first token of each batch is stamped; None: not called."""
        self._max_output_tokens = max_output_tokens
        self._prompts: list[str] = []
        self._generations: dict[str, deque[Generation]] = defaultdict(deque)

    @property
    def max_gen_toks(self) -> int:
        """Return the limit of output tokens for tasks that set none."""
        return self._max_output_tokens

    def take(self, prompt: str) -> Generation | None:
        """Take the oldest generation for a prompt; None if all were taken."""
        waiting = self._generations.get(prompt)
        if not waiting:
            return None
        generation = waiting.popleft()
        if not waiting:
            del self._generations[prompt]
        return generation

    def tok_batch_encode(self, strings: Any, *args: Any, **kwargs: Any) -> Any:
        """Encode as HFLM does, and record the prompts in the order in which their rows will be generated."""
        self._prompts = list(strings)
        return super().tok_batch_encode(strings, *args, **kwargs)

    def _model_generate(self, context: Any, max_length: int, stop: list[str], **kwargs: Any) -> Any:
        stamps = _Stamps(self.device, keep_confidence=self.keep_confidence, on_first=self.on_first_token)
        # Kept on the object when the answer is right: HFLM calls this once per batch.
        output = super()._model_generate(context, max_length, stop, logits_processor=[stamps], **kwargs)
        prompt_lengths = kwargs["attention_mask"].sum(dim=1).tolist()
        generated = output[:, context.shape[1] :].tolist()
        ends = self._end_tokens()
        full = len(generated[0]) >= max_length - context.shape[1] if generated else False
        for index, (prompt, length, row) in enumerate(zip(self._prompts, prompt_lengths, generated, strict=True)):
            count = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
            token_s, confidence = tuple(stamps.token_s[:count]), stamps.confidence(index, count)
            ended = not full or any(token in ends for token in row) or self._has_stop(row, stop)
            self._generations[prompt].append(Generation(int(length), count, token_s, confidence, cut=not ended))
        return output

    def _has_stop(self, row: list[int], stops: list[str]) -> bool:
        text = self.tok_decode(row)
        return any(stop in text for stop in stops)

    def _end_tokens(self) -> set[int]:
        configured = self.model.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured]
        return {token for token in [*ends, self.tokenizer.eos_token_id] if token is not None}


class _Stamps:
    """A logits processor that changes nothing: it reads the clock and, on request, the probability of the likeliest
    token."""

    def __init__(
        self, device: torch.device, *, keep_confidence: bool, on_first: Callable[[], None] | None = None
    ) -> None:
        self.token_s: list[float] = []
        self._keep_confidence = keep_confidence
        self._on_first = on_first
        self._log_probabilities: list[list[float]] = []
        # On a GPU the scores are still being computed when we are called; generation waits for them right after.
        self._wait = torch.cuda.synchronize if device.type == "cuda" else None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if self._wait is not None:
            self._wait()
        self.token_s.append(now_s())
        if self._on_first is not None and len(self.token_s) == 1:
            self._on_first()
        if self._keep_confidence:
            self._log_probabilities.append((scores.max(dim=-1).values - scores.logsumexp(dim=-1)).tolist())
        return scores

    def confidence(self, row: int, count: int) -> float | None:
        """Return the mean log-probability of the likeliest tokens of one row: the output of greedy decoding."""
        if not self._log_probabilities or not count:
            return None
        return sum(step[row] for step in self._log_probabilities[:count]) / count
