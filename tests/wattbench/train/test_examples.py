"""Documents become what a model learns from: the prompt is given, the answer is learned, and padding is neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattbench.errors import UserError
from wattbench.train import Family
from wattbench.train.examples import (
    IGNORED,
    CalculatedDocument,
    Collator,
    Document,
    documents,
    documents_of,
    documents_sha256,
    encode,
    encode_call,
    prompt_of,
)


def test_the_first_documents_of_each_task_are_taken(family: Family) -> None:
    found = documents(family.recipe, "train", 2)
    assert [(one.domain, one.task, one.question, one.answer) for one in found] == [
        ("letters", "copy", "say a", "a"),
        ("letters", "copy", "say b", "b"),
        ("numbers", "double", "twice 0", "0"),
        ("numbers", "double", "twice 1", "2"),
    ]
    assert {one.domain for one in documents(family.recipe, "router", 8, ["numbers"])} == {"numbers"}


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.unlink(), r"copy\.train\.jsonl: cannot be read \(No such file"),
        (lambda path: path.write_text('{"question": "q", "answer": "a"}\n'), "2 documents are needed, but it has 1"),
        (lambda path: path.write_text('{"question": "q", "ans'), "not JSON lines"),
        (lambda path: path.write_text(""), "not JSON lines"),
        (lambda path: path.write_bytes(b"\xff\xfe\n"), "not JSON lines"),
        (lambda path: path.write_text('{"question": "q", "answer": "a"}\n{"question": "q"}\n'), "line 2: a document"),
        (lambda path: path.write_text('["question", "answer"]\n'), "line 1: a document needs"),
        (lambda path: path.write_text('{"question": "q", "answer": "a", "reasoning": 7}\n'), "line 1: .*as text"),
        (lambda path: path.write_text('{"question": "q", "answer": 7}\n'), "line 1: a document needs"),
    ],
)
def test_damaged_documents_are_said(family: Family, spoil: Callable[[Path], Any], expected: str) -> None:
    spoil(family.recipe.tasks_folder / "letters" / "copy.train.jsonl")
    with pytest.raises(UserError, match=expected):
        documents(family.recipe, "train", 2)


def test_a_line_ends_where_json_lines_end(family: Family) -> None:
    path = family.recipe.tasks_folder / "letters" / "copy.train.jsonl"
    path.write_text('{"question": "one\u2028line", "answer": "a"}\n', encoding="utf-8")
    assert documents(family.recipe, "train", 1, ["letters"])[0].question == "one\u2028line"


def test_a_question_may_hold_braces(family: Family) -> None:
    assert prompt_of(family.recipe, Document("d", "t", "{0} {question} %s", "a")) == "Q: {0} {question} %s\nA:"


def test_the_prompt_is_given_and_the_answer_learned(base: Any) -> None:
    tokenizer = base.tokenizer
    example = encode(tokenizer, "say ab", "ab")
    given = len("say ab")
    assert tokenizer.decode(example["input_ids"][:given]) == "say ab"
    assert example["labels"][:given] == [IGNORED] * given
    assert example["labels"][given:] == example["input_ids"][given:]
    assert tokenizer.convert_ids_to_tokens(example["labels"][given:]) == [" ", "a", "b", "</s>"]


def test_an_answer_does_not_begin_a_text_of_its_own() -> None:
    class Beginning:
        """A tokenizer that puts a token before every text."""

        eos_token_id = 1

        def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
            return {"input_ids": [0] * add_special_tokens + [ord(letter) for letter in text]}

    assert encode(Beginning(), "?", "!") == {"input_ids": [0, 63, 32, 33, 1], "labels": [IGNORED] * 2 + [32, 33, 1]}


def test_a_call_and_the_answer_are_learned_and_what_the_tool_returned_is_given(base: Any) -> None:
    tokenizer = base.tokenizer
    example = encode_call(tokenizer, "twice 7", "<<7 + 7>>\n", "14\nA:", "14")
    learned = [token for token in example["labels"] if token != IGNORED]
    shown = tokenizer.convert_ids_to_tokens(learned)
    assert shown == [*tokenizer.tokenize(" <<7 + 7>>\n"), *tokenizer.tokenize(" 14"), "</s>"]
    # As an agent sends it: one text.
    whole = tokenizer("twice 7 <<7 + 7>>\n14\nA: 14")["input_ids"]
    assert example["input_ids"] == [*whole, tokenizer.eos_token_id]
    given = len(tokenizer("twice 7")["input_ids"])
    assert example["labels"][:given] == [IGNORED] * given
    assert all(label in (IGNORED, token) for label, token in zip(example["labels"], example["input_ids"], strict=True))


def test_only_a_member_with_a_tool_reads_calculations(family: Family) -> None:
    plain, calculated = documents_of(family, "specialist-numbers")[0], documents_of(family, "caller")[0]
    assert isinstance(calculated, CalculatedDocument)
    assert calculated.calculation == "0 + 0"
    # The hashes in the ledgers of all other members stay as they are.
    assert "calculation" not in repr(plain)
    assert documents_sha256([plain]) != documents_sha256([calculated])


def test_a_batch_is_padded_on_the_right() -> None:
    batch = Collator(9)([{"input_ids": [1, 2, 3], "labels": [IGNORED, 2, 3]}, {"input_ids": [4], "labels": [4]}])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 2, 3], [4, IGNORED, IGNORED]]
