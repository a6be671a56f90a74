"""Fit routers: a classifier of requests, and the threshold of a cascade."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.records.files.atomic_write import write_atomically
from wattbench.text_classifier import fit_labels, load_classifier, save_classifier
from wattbench.train.examples import Document, documents, documents_of, prompt_of
from wattbench.train.recipe import ClassifierMember, ThresholdMember
from wattbench.train.shop import Shop, TrainingResult
from wattbench.train.students import LONGEST_ANSWER
from wattbench.train.trainer import Counts

CLASSIFIER = "classifier.npz"
THRESHOLD = "threshold.json"
BATCH = 16


def build_classifier(shop: Shop, member: ClassifierMember) -> TrainingResult:
    """Fit a classifier of domains to the documents of `router`, and evaluate it on those of `calibration`."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    # Requests as a hybrid will show them: in the form in which they are put.
    model = fit_labels([prompt_of(recipe, one) for one in learned_from], [one.domain for one in learned_from])
    shop.target.mkdir(parents=True, exist_ok=True)
    save_classifier(shop.target / CLASSIFIER, model)
    restored = load_classifier(shop.target / CLASSIFIER, where=shop.name)
    held_out = documents(recipe, "calibration", member.held_out)
    predicted = restored.label([prompt_of(recipe, one) for one in held_out])
    right = [label == one.domain for label, one in zip(predicted, held_out, strict=True)]
    shop.progress.advance(len(learned_from))
    return TrainingResult(learned_from, Counts(documents=len(learned_from)), {"accuracy": sum(right) / len(right)})


@dataclass(frozen=True)
class Trial:
    """One document with the answers of the first two members of a cascade."""

    confidence: float
    first_right: bool
    then_right: bool


def build_threshold(shop: Shop, member: ThresholdMember) -> TrainingResult:
    """Find how confident the first member must be for the cascade to be at least as accurate as the next member
    alone."""
    learned_from = documents_of(shop.family, shop.name)
    counts = Counts()
    first = _answers(shop, member.first, learned_from, counts)
    then = _answers(shop, member.then, learned_from, counts)
    trials = [
        Trial(sure, answer == one.answer, other == one.answer)
        for one, (answer, sure), (other, _) in zip(learned_from, first, then, strict=True)
    ]
    threshold, accuracy, escalated = least_threshold(trials)
    results = {
        "min_confidence": threshold,
        "cascade_accuracy": accuracy,
        "escalated": escalated,
        "first_accuracy": sum(t.first_right for t in trials) / len(trials),
        "then_accuracy": sum(t.then_right for t in trials) / len(trials),
    }
    write_atomically(shop.target / THRESHOLD, (json.dumps(results, indent=1) + "\n").encode())
    return TrainingResult(learned_from, counts, results)


def least_threshold(trials: Sequence[Trial]) -> tuple[float, float, float]:
    """Return the lowest threshold at which a cascade is at least as accurate as its second member alone.

    It is 0, the highest there can be, where no other will do.

    Returns:
        The threshold (an answer is taken from it upwards), the cascade's accuracy, and the share that it escalates.
    """
    alone = sum(trial.then_right for trial in trials)
    # No log-probability is above 0: there everything is passed on, except what the first member has no doubt of at all.
    for threshold in sorted({0.0, *(trial.confidence for trial in trials)}):
        taken = [trial for trial in trials if trial.confidence >= threshold]
        passed_on = [trial for trial in trials if trial.confidence < threshold]
        right = sum(t.first_right for t in taken) + sum(t.then_right for t in passed_on)
        if right >= alone:
            break
    return threshold, right / len(trials), len(passed_on) / len(trials)


def _answers(shop: Shop, name: str, documents: Sequence[Document], counts: Counts) -> list[tuple[str, float]]:
    """Return a member's greedy answers, with the mean log-probability of their tokens."""
    import torch

    model, tokenizer = shop.built(name), shop.tokenizer
    answers: list[tuple[str, float]] = []
    for start in range(0, len(documents), BATCH):
        prompts = [prompt_of(shop.family.recipe, one) for one in documents[start : start + BATCH]]
        batch = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left").to(model.device)
        with torch.no_grad():
            output = model.generate(
                **batch,
                max_new_tokens=LONGEST_ANSWER,
                do_sample=False,
                pad_token_id=tokenizer.eos_token_id,
                return_dict_in_generate=True,
                output_logits=True,
            )
        counts.tokens += int(batch["attention_mask"].sum())
        log_p = torch.stack([step.log_softmax(dim=-1).max(dim=-1).values for step in output.logits], dim=1)
        for row, sure in zip(output.sequences[:, batch["input_ids"].shape[1] :].tolist(), log_p.tolist(), strict=True):
            text, confidence, length = _read(tokenizer, row, sure)
            answers.append((text, confidence))
            counts.tokens += length
        shop.progress.advance(len(prompts))
    counts.documents += len(documents)
    return answers


def _read(tokenizer: Any, row: list[int], sure: list[float]) -> tuple[str, float, int]:
    """Return an answer's text, the mean log-probability of its tokens, and their number with the end token."""
    end: int = tokenizer.eos_token_id
    count = row.index(end) + 1 if end in row else len(row)
    text: str = tokenizer.decode(row[:count], skip_special_tokens=True)
    return text.strip(), sum(sure[:count]) / count, count
