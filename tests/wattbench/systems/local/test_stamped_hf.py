"""How confident an answer is: the mean log-probability of its tokens, where it was asked for."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lm_eval.api.instance import Instance

from wattbench.systems.local.stamped_hf import StampedHFLM

PROMPTS = ["What is 12 + 7?", "a", "something rather longer than the others"]


def generated(base: Any, *, batch: int, keep: bool, longest: int = 6) -> list[Any]:
    lm = StampedHFLM(base.model, base.tokenizer, batch=batch, max_output_tokens=longest)
    lm.keep_confidence = keep
    settings = {"until": ["@@@"], "max_gen_toks": longest}
    lm.generate_until([Instance("generate_until", {}, (prompt, settings), 0) for prompt in PROMPTS], disable_tqdm=True)
    return [lm.take(prompt) for prompt in PROMPTS]


def by_hand(base: Any, prompt: str, longest: int) -> tuple[int, float]:
    """Token after token, without a cache: how many, and the mean of their log-probabilities."""
    ids = torch.tensor([base.tokenizer(prompt)["input_ids"]])
    taken: list[float] = []
    while len(taken) < longest:
        with torch.no_grad():
            log_p = base.model(input_ids=ids, use_cache=False).logits[0, -1].log_softmax(dim=-1)
        token = int(log_p.argmax())
        taken.append(float(log_p[token]))
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        if token == base.tokenizer.eos_token_id:
            break
    return len(taken), sum(taken) / len(taken)


@pytest.mark.parametrize("batch", [1, 3])
def test_confidence_is_the_mean_log_probability_of_the_tokens(base: Any, batch: int) -> None:
    for prompt, generation in zip(PROMPTS, generated(base, batch=batch, keep=True), strict=True):
        count, mean = by_hand(base, prompt, 6)
        assert generation.output_tokens == len(generation.token_s) == count
        assert generation.prompt_tokens == len(prompt)
        assert generation.confidence == pytest.approx(mean, rel=1e-4)


def test_tokens_after_the_end_do_not_count(base: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token that the second prompt is answered with first becomes the end of every text."""
    ids = torch.tensor([base.tokenizer(PROMPTS[1])["input_ids"]])
    end = int(base.model(input_ids=ids).logits[0, -1].argmax())
    monkeypatch.setattr(base.model.generation_config, "eos_token_id", end)
    ending = SimpleNamespace(model=base.model, tokenizer=copy.deepcopy(base.tokenizer))
    ending.tokenizer.eos_token = base.tokenizer.convert_ids_to_tokens(end)
    generations = generated(ending, batch=3, keep=True)
    assert generations[1].output_tokens == 1
    for prompt, generation in zip(PROMPTS, generations, strict=True):
        count, mean = by_hand(ending, prompt, 6)
        assert generation.output_tokens == count
        assert generation.confidence == pytest.approx(mean, rel=1e-4)


def test_what_is_full_without_an_end_or_a_stop_was_cut(base: Any) -> None:
    """A stop sequence may come with the last token that there is room for."""
    lm = StampedHFLM(base.model, base.tokenizer, batch=1, max_output_tokens=6)

    def answered(until: str, limit: int) -> tuple[str, bool]:
        settings = {"until": [until], "max_gen_toks": limit}
        [text] = lm.generate_until([Instance("generate_until", {}, (PROMPTS[0], settings), 0)], disable_tqdm=True)
        return text, lm.take(PROMPTS[0]).cut

    text, cut = answered("@@@", 6)
    assert (bool(text), cut) == (True, True)
    assert answered(text[-1], 6) == (text.partition(text[-1])[0], False)


def test_unless_it_was_asked_for_there_is_none(base: Any) -> None:
    assert [generation.confidence for generation in generated(base, batch=3, keep=False)] == [None] * 3
