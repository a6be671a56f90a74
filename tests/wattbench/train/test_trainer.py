"""The training loop: it learns, keeps what learned and nothing else, and goes on where it was interrupted."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from wattbench.systems.local.mixture import sharing
from wattbench.train.examples import Collator, documents, encode, prompt_of
from wattbench.train.recipe import Family, Lora, Schedule
from wattbench.train.shop import new_adapter
from wattbench.train.trainer import Counts, answer_logits, answer_loss, learned, train

LORA = Lora(rank=4, alpha=8, modules=["gate_proj", "up_proj", "down_proj"], first_layer=1)


class Losses(TrainerCallback):
    """Keeps the loss curve; stops the process at a step, as a kill would."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.losses: dict[int, float] = {}
        self._kill_at = kill_at

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" in logs:
            self.losses[state.global_step] = logs["loss"]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self._kill_at:
            raise KeyboardInterrupt


@pytest.fixture
def examples(family: Family, base: Any) -> list[dict[str, Any]]:
    found = documents(family.recipe, "train", 16)
    return [encode(base.tokenizer, prompt_of(family.recipe, one), one.answer) for one in found]


def taught(base: Any, examples: Any, folder: Path, *, kill_at: int | None = None, **schedule: Any) -> tuple[Any, Any]:
    model = new_adapter(sharing(base.model), LORA, seed=5)
    watch = Losses(kill_at)
    settings = {"batch": 4, "learning_rate": 1e-2, "warmup_steps": 2, "log_every": 1, "save_every": 3} | schedule
    counts = Counts()
    train(
        model, examples, Collator(1), answer_loss, Schedule(**settings), seed=5, folder=folder, watch=watch,
        counts=counts,
    )  # fmt: skip
    watch.counts = counts
    return model, watch


def test_a_model_learns_a_toy_task(base: Any, examples: Any, tmp_path: Path) -> None:
    before = {name: tensor.clone() for name, tensor in base.model.state_dict().items()}
    _, watch = taught(base, examples, tmp_path, passes=6)
    losses = list(watch.losses.values())
    assert len(losses) == 6 * 32 // 4
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert watch.counts.documents == 6 * 32
    assert watch.counts.tokens == 6 * sum(len(one["input_ids"]) for one in examples)
    for name, tensor in base.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_checkpoint_holds_what_learns_and_nothing_else(base: Any, examples: Any, tmp_path: Path) -> None:
    model, _ = taught(base, examples, tmp_path, passes=0.5)
    (checkpoint,) = tmp_path.glob("checkpoint-*")  # only the last is kept
    assert checkpoint.name == "checkpoint-4"
    saved = load_file(checkpoint / "model.safetensors")
    assert set(saved) == set(learned(model)) == {n for n, p in model.named_parameters() if p.requires_grad}
    assert len(saved) == 3 * 3 * 2  # three layers, three modules, two matrices each
    assert all("lora_" in name for name in saved)


def test_an_interrupted_training_comes_to_the_same_weights(base: Any, examples: Any, tmp_path: Path) -> None:
    whole, _ = taught(base, examples, tmp_path / "whole", passes=1)
    with pytest.raises(KeyboardInterrupt):
        taught(base, examples, tmp_path / "parts", passes=1, kill_at=5)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["checkpoint-3"]
    resumed, watch = taught(base, examples, tmp_path / "parts", passes=1)
    assert list(watch.losses) == [4, 5, 6, 7, 8]
    same(resumed, whole)


def test_so_does_one_that_is_interrupted_in_a_later_pass(base: Any, examples: Any, tmp_path: Path) -> None:
    whole, _ = taught(base, examples, tmp_path / "whole", passes=3)
    for kill_at in (10, 14, 19):  # passes have eight steps: in the second, twice, and in the third
        with pytest.raises(KeyboardInterrupt):
            taught(base, examples, tmp_path / "parts", passes=3, kill_at=kill_at)
    resumed, _ = taught(base, examples, tmp_path / "parts", passes=3)
    same(resumed, whole)


def test_a_training_that_was_complete_is_not_done_again(base: Any, examples: Any, tmp_path: Path) -> None:
    whole, _ = taught(base, examples, tmp_path, passes=1)
    again, watch = taught(base, examples, tmp_path, passes=1)
    assert watch.losses == {}
    assert watch.counts == Counts()
    same(again, whole)


def same(one: Any, other: Any) -> None:
    for (name, a), (_, b) in zip(learned(one).items(), learned(other).items(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6, msg=name)


def test_every_pass_has_an_order_of_its_own(base: Any, examples: Any, tmp_path: Path) -> None:
    seen: list[list[list[int]]] = []

    def loss(model: Any, batch: Any, counts: Any) -> Any:
        rows = zip(batch["input_ids"].tolist(), batch["attention_mask"].tolist(), strict=True)
        seen.append([row[: sum(mask)] for row, mask in rows])
        return answer_loss(model, batch, counts)

    model = new_adapter(sharing(base.model), LORA, seed=5)
    train(
        model, examples, Collator(1), loss, Schedule(batch=4, passes=2, learning_rate=1e-3), seed=5, folder=tmp_path,
        watch=Losses(), counts=Counts(),
    )  # fmt: skip
    first, second = seen[:8], seen[8:]
    assert first != second
    everything = sorted(one["input_ids"] for one in examples)
    for seen_in_pass in (first, second):
        assert sorted(itertools.chain(*seen_in_pass)) == everything


def test_only_the_answers_logits_are_computed(base: Any, examples: Any) -> None:
    batch = Collator(1)(examples[:3])
    logits, labels, _ = answer_logits(base.model.model, base.model.lm_head, batch)
    assert labels.tolist() == [token for one in examples[:3] for token in one["labels"] if token != -100]
    whole = base.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
    torch.testing.assert_close(torch.nn.functional.cross_entropy(logits, labels), whole.loss)
