"""Train students of about half the base's layers: on a teacher's distribution, or on written-out reasoning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wattbench.errors import UserError
from wattbench.train.examples import IGNORED, Collator, documents_of, encode, prompt_of
from wattbench.train.recipe import DistilledMember, ReasoningMember, Schedule
from wattbench.train.shop import Shop, TrainingResult, new_adapter, save_adapter
from wattbench.train.trainer import Counts, Loss, answer_logits, answer_loss, half_precision, train
from wattbench.train.watch import Watch

LONGEST_ANSWER = 16
"""Tokens that a teacher may take: it was trained to give answers and nothing else."""


def build_distilled(shop: Shop, member: DistilledMember) -> TrainingResult:
    """Train a student on a teacher's answers and its probabilities of all other tokens (Hinton et al. 2015)."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    prompts = [{"input_ids": shop.tokenizer(prompt_of(recipe, one))["input_ids"]} for one in learned_from]
    model = new_adapter(shop.student(member.layers), member.lora, seed=shop.seed)
    end = shop.tokenizer.eos_token_id
    loss = _distillation(shop.built(member.teacher), end, member.temperature, member.answers)
    counts = train_member(shop, model, prompts, lambda examples: _left_padded(examples, end), loss, member.schedule)
    save_adapter(model, shop.target)
    return TrainingResult(learned_from, counts)


def build_reasoning(shop: Shop, member: ReasoningMember) -> TrainingResult:
    """Train a student to write the reasoning of the documents and then the answer."""
    recipe = shop.family.recipe
    learned_from = documents_of(shop.family, shop.name)
    missing = next((one for one in learned_from if not one.reasoning), None)
    if missing is not None:
        raise UserError(f"{shop.name}: documents of {missing.task} have no reasoning to learn from")
    examples = [encode(shop.tokenizer, prompt_of(recipe, one), one.reasoning or "") for one in learned_from]
    student = shop.student(member.layers)
    if member.start is None:
        model = new_adapter(student, member.lora, seed=shop.seed)
    else:
        import peft

        folder = shop.family.folder / member.start
        model = peft.PeftModel.from_pretrained(student, str(folder), is_trainable=True)
    counts = train_member(shop, model, examples, Collator(shop.tokenizer.eos_token_id), answer_loss, member.schedule)
    save_adapter(model, shop.target)
    return TrainingResult(learned_from, counts)


def _left_padded(examples: Sequence[dict[str, Any]], pad_id: int) -> dict[str, Any]:
    """Return prompts alone, padded for generation: tensors of shape (examples, longest)."""
    import torch

    longest = max(len(example["input_ids"]) for example in examples)
    rows = [example["input_ids"] for example in examples]
    return {
        "input_ids": torch.tensor([[pad_id] * (longest - len(row)) + row for row in rows]),
        "attention_mask": torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows]),
    }


def _distillation(teacher: Any, end: int, temperature: float, answers: float) -> Loss:
    """Return the loss function of a student whose teacher answers each batch first.

    With weight ``answers`` the cross-entropy of the teacher's own answers, and with the rest the divergence of the
    student's distribution from the teacher's at every token of them, both softened by the temperature.
    """
    import torch
    from torch.nn import functional

    def loss(model: Any, prompts: dict[str, Any], counts: Counts) -> torch.Tensor:
        batch, teacher_logits = _taught(teacher, prompts, end, counts)
        inner = model.get_base_model()
        with half_precision(batch["input_ids"].device.type):
            logits, labels, _output = answer_logits(inner.model, inner.lm_head, batch)
        logits = logits.float()
        divergence = functional.kl_div(
            functional.log_softmax(logits / temperature, dim=-1),
            functional.log_softmax(teacher_logits / temperature, dim=-1),
            reduction="batchmean",
            log_target=True,
        )
        return answers * functional.cross_entropy(logits, labels) + (1 - answers) * temperature**2 * divergence

    return loss


def _taught(teacher: Any, prompts: dict[str, Any], end: int, counts: Counts) -> tuple[dict[str, Any], Any]:
    """Let the teacher answer a batch of prompts, and return the batch with its logits.

    Returns:
        Prompts with its answers as a batch to learn from, and its logits at every token of the answers, shape
        (answer tokens, vocabulary), in the order in which `answer_logits` gives the student's.
    """
    import torch

    device = teacher.device
    with torch.no_grad(), half_precision(device.type):
        output = teacher.generate(
            **{name: tensor.to(device) for name, tensor in prompts.items()},
            max_new_tokens=LONGEST_ANSWER,
            do_sample=False,
            pad_token_id=end,
            return_dict_in_generate=True,
            output_logits=True,
        )
    start = prompts["input_ids"].shape[1]
    steps = torch.stack(output.logits, dim=1).float()  # examples, steps, vocabulary
    examples, chosen = [], []
    for index, row in enumerate(output.sequences[:, start:].tolist()):
        answer = row[: row.index(end) + 1] if end in row else row
        given = prompts["input_ids"][index][prompts["attention_mask"][index].bool()].tolist()
        examples.append({"input_ids": given + answer, "labels": [IGNORED] * len(given) + answer})
        chosen.append(steps[index, : len(answer)])
        counts.teacher_tokens += len(given) + len(answer)
        counts.tokens += len(answer)  # the student learns from them; its prompts are counted where it is trained
    batch = Collator(end)(examples)
    return {name: tensor.to(device) for name, tensor in batch.items()}, torch.cat(chosen)


def train_member(
    shop: Shop,
    model: Any,
    examples: Sequence[dict[str, Any]],
    collator: Callable[[Any], dict[str, Any]],
    loss: Loss,
    schedule: Schedule,
) -> Counts:
    """Train all parameters that require a gradient, in the member's work folder, with `train`.

    Returns:
        What this session worked through.
    """
    counts = Counts()
    watch = Watch(shop.work, shop.meter, shop.progress, counts, schedule.batch)
    train(model, examples, collator, loss, schedule, seed=shop.seed, folder=shop.work, watch=watch, counts=counts)
    return counts
