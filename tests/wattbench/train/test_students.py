"""Distillation: the teacher's logits stand beside the tokens that they are about, however prompts are padded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from wattbench.errors import UserError
from wattbench.meters import Metering
from wattbench.systems.local.mixture import sharing
from wattbench.train import Family
from wattbench.train.examples import IGNORED
from wattbench.train.metered import BuildMeter
from wattbench.train.recipe import Lora
from wattbench.train.shop import Shop, new_adapter, save_adapter
from wattbench.train.students import LONGEST_ANSWER, _distillation, _left_padded, _taught, build_reasoning
from wattbench.train.trainer import Counts, answer_logits

LORA = Lora(rank=2, alpha=4, modules=["down_proj"])


@pytest.fixture
def prompts(base: Any) -> list[dict[str, Any]]:
    return [{"input_ids": base.tokenizer(text)["input_ids"]} for text in ("Q: a\nA:", "Q: something longer\nA:", "x")]


def likely_end(base: Any) -> int:
    """A token to end answers with that the untrained teacher says now and then: here, the first it says to `x`."""
    ids = torch.tensor([base.tokenizer("x")["input_ids"]])
    return int(base.model(input_ids=ids).logits[0, -1].argmax())


def test_a_student_that_is_its_teacher_has_nothing_to_learn_from_it(base: Any, prompts: Any) -> None:
    student = new_adapter(sharing(base.model), LORA, seed=1)  # a fresh adapter changes nothing
    for end in (1, likely_end(base)):
        for temperature in (1.0, 2.0):
            loss = _distillation(sharing(base.model), end, temperature, 0.0)
            assert loss(student, _left_padded(prompts, end), Counts()).item() == pytest.approx(0, abs=1e-5)


def test_the_teacher_s_logits_are_about_the_labels(base: Any, prompts: Any) -> None:
    end = likely_end(base)
    batch, teacher = _taught(base.model, _left_padded(prompts, end), end, Counts())
    logits, labels, _ = answer_logits(base.model.model, base.model.lm_head, batch)
    assert teacher.shape == logits.shape
    assert teacher.argmax(dim=-1).tolist() == labels.tolist()  # it answered greedily
    torch.testing.assert_close(logits, teacher, rtol=1e-4, atol=1e-4)


def test_weights_of_answers_and_distribution(base: Any, prompts: Any) -> None:
    student = new_adapter(sharing(base.model), LORA, seed=1)
    with torch.no_grad():
        for name, parameter in student.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.5)
    batch = _left_padded(prompts, 1)
    parts = {w: _distillation(base.model, 1, 2.0, w)(student, batch, Counts()).item() for w in (0.0, 0.5, 1.0)}
    assert parts[0.0] > 0
    assert parts[0.5] == pytest.approx((parts[0.0] + parts[1.0]) / 2, rel=1e-5)


def test_tokens_are_counted_without_padding(base: Any, prompts: Any) -> None:
    end, counts = likely_end(base), Counts()
    batch, teacher = _taught(base.model, _left_padded(prompts, end), end, counts)
    given = sum(len(one["input_ids"]) for one in prompts)
    answers = int((batch["labels"] != IGNORED).sum())
    assert answers == len(teacher)
    assert counts.teacher_tokens == given + answers == int(batch["attention_mask"].sum())
    assert counts.tokens == answers  # the prompts are counted by the training loop


def test_an_answer_ends_with_the_end_or_at_its_longest(base: Any, prompts: Any) -> None:
    end = likely_end(base)
    batch, _ = _taught(base.model, _left_padded(prompts, end), end, Counts())
    answers = [[label for label in row if label != IGNORED] for row in batch["labels"].tolist()]
    assert answers[2] == [end]
    for answer in answers:
        assert answer[-1] == end or len(answer) == LONGEST_ANSWER
        assert end not in answer[:-1]


def test_padding_makes_no_difference(base: Any, prompts: Any) -> None:
    together, _ = _taught(base.model, _left_padded(prompts, 1), 1, Counts())
    for index, one in enumerate(prompts):
        alone, _ = _taught(base.model, _left_padded([one], 1), 1, Counts())
        length = int(alone["attention_mask"].sum())
        assert together["input_ids"][index, :length].tolist() == alone["input_ids"][0, :length].tolist()
        assert int(together["attention_mask"][index].sum()) == length


def test_prompts_are_padded_on_the_left(base: Any) -> None:
    batch = _left_padded([{"input_ids": [5, 6]}, {"input_ids": [7]}], 1)
    assert batch["input_ids"].tolist() == [[5, 6], [1, 7]]
    assert batch["attention_mask"].tolist() == [[1, 1], [0, 1]]


@pytest.fixture
def shop(family: Family, base: Any, tmp_path: Path, quiet: Any) -> Shop:
    meter = BuildMeter(Metering([]), tmp_path, "thinker")
    return Shop(family, "thinker", base.model, base.tokenizer, tmp_path, family.folder / "thinker", meter, quiet)


def test_without_reasoning_there_is_none_to_learn(shop: Shop, family: Family) -> None:
    path = family.recipe.tasks_folder / "numbers" / "double.train.jsonl"
    path.write_text('{"question": "q", "answer": "a"}\n' * 4)
    with pytest.raises(UserError, match="thinker: documents of double have no reasoning to learn from"):
        build_reasoning(shop, family.member("thinker"))


def test_what_cannot_be_asked_is_said(shop: Shop) -> None:
    with pytest.raises(UserError, match="thinker: moe is not a model that answers; name an adapter or a student"):
        shop.built("moe")
    with pytest.raises(UserError, match=r"^thinker: layers: there is no layer 9; the base has 4"):
        shop.student([0, 9])


def test_an_adapter_says_nothing_of_the_machine_that_made_it(base: Any, tmp_path: Path, tiny_folder: Path) -> None:
    save_adapter(new_adapter(sharing(base.model), LORA, seed=1), tmp_path / "adapter")
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors"
    ]  # fmt: skip
    for path in (tmp_path / "adapter").iterdir():
        assert str(tiny_folder).encode() not in path.read_bytes(), path
