"""Run the training loop: Hugging Face's `Trainer`, with a loss over the answers and checkpoints of what is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.trainer_utils import get_last_checkpoint

from wattbench.records.files.atomic_write import write_atomically
from wattbench.train.examples import IGNORED
from wattbench.train.recipe import Schedule


@dataclass
class Counts:
    """The documents and tokens that were processed so far, without padding."""

    documents: int = 0
    tokens: int = 0
    teacher_tokens: int = 0


Loss = Callable[[Any, dict[str, Any], Counts], torch.Tensor]
"""From a model and a batch (`Collator`'s) to the loss; it may count what else it worked through."""


def train(
    model: Any,
    examples: Sequence[dict[str, Any]],
    collator: Callable[[Any], dict[str, Any]],
    loss: Loss,
    schedule: Schedule,
    *,
    seed: int,
    folder: Path,
    watch: TrainerCallback,
    counts: Counts,
) -> None:
    """Train all parameters that require a gradient, from the folder's last checkpoint, if it has one.

    Args:
        model: changed in place.
        examples: with ``input_ids``.
        collator: makes a batch of some of them.
        loss: what to minimise.
        schedule: how long and how fast.
        seed: of the order of the examples.
        folder: for checkpoints.
        watch: is called at every step, log and checkpoint.
        counts: of this session; those of earlier ones are not in it.
    """
    cpu = next(model.parameters()).device.type == "cpu"
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=schedule.batch,
        num_train_epochs=schedule.passes,
        learning_rate=schedule.learning_rate,
        warmup_steps=schedule.warmup_steps,
        lr_scheduler_type="linear",
        weight_decay=0.0,
        max_grad_norm=1.0,
        logging_steps=schedule.log_every,
        save_steps=schedule.save_every,
        save_total_limit=1,
        seed=seed,
        use_cpu=cpu,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = _AnswerTrainer(
        model=model, args=arguments, train_dataset=list(examples), data_collator=collator, callbacks=[watch]
    )
    trainer.wattbench_loss, trainer.wattbench_counts = loss, counts
    trainer.remove_callback(PrinterCallback)
    folder.mkdir(parents=True, exist_ok=True)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)))


class _Order(LengthGroupedSampler):
    """Sample examples of about the same length together.

    A training that is resumed in a later pass has that pass's order.

    The first pass draws from PyTorch's generator, which the trainer has just seeded.
    """

    def __init__(self, batch: int, lengths: list[int], seed: int, steps_done: Callable[[], int]) -> None:
        super().__init__(batch, lengths=lengths)
        self._seed, self._steps_done = seed, steps_done

    def __iter__(self) -> Iterator[int]:
        number = self._steps_done() // math.ceil(len(self) / self.batch_size)
        self.generator = torch.Generator().manual_seed(self._seed + number) if number else None
        order: Iterator[int] = super().__iter__()
        return order


class _AnswerTrainer(Trainer):
    """A trainer with a given loss, which saves only the trained parameters: the base is on disk already."""

    wattbench_loss: Loss
    wattbench_counts: Counts

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        examples = self.train_dataset if train_dataset is None else train_dataset
        lengths = [len(one["input_ids"]) for one in examples]
        return _Order(self.args.train_batch_size, lengths, self.args.seed, lambda: int(self.state.global_step))

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        self.wattbench_counts.documents += len(inputs["input_ids"])
        self.wattbench_counts.tokens += int(inputs["attention_mask"].sum())
        return self.wattbench_loss(model, inputs, self.wattbench_counts)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        from safetensors.torch import save

        target = Path(output_dir or str(self.args.output_dir))
        write_atomically(target / "model.safetensors", save(learned(self.model), metadata={"format": "pt"}))

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        """Issue no warning: a checkpoint intentionally lacks the parameters that are not trained."""


def learned(model: Any) -> dict[str, torch.Tensor]:
    """Return the parameters that require a gradient, by name."""
    return {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}


def half_precision(device: str) -> Any:
    """Compute in bfloat16 if the processor has instructions for it; otherwise it would be slower than float32."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=device != "cpu" or _cpu_has_bfloat16())


def _cpu_has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:  # not Linux
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def answer_logits(
    body: Any, head: Any, batch: dict[str, Any], **options: Any
) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """Return only the logits at the positions whose next token is learned, as a vocabulary is large.

    Args:
        body: the decoder without its head.
        head: from hidden states to logits.
        batch: ``input_ids``, ``attention_mask`` and ``labels``, each of shape (examples, longest).
        options: for the body.

    Returns:
        Logits of shape (learned tokens, vocabulary), their labels of shape (learned tokens,), and the body's output.
    """
    output = body(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **options)
    following = batch["labels"][:, 1:]
    chosen = following != IGNORED
    return head(output.last_hidden_state[:, :-1][chosen]), following[chosen], output


def answer_loss(model: Any, batch: dict[str, Any], _: Counts) -> torch.Tensor:
    """Return the mean cross-entropy of the answers' tokens, for a PEFT model."""
    inner = model.get_base_model()
    with half_precision(batch["input_ids"].device.type):
        logits, labels, _output = answer_logits(inner.model, inner.lm_head, batch)
    return torch.nn.functional.cross_entropy(logits.float(), labels)
