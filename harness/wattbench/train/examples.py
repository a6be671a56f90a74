"""Turn documents into training examples: token ids, and which of them the model learns to predict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.train.recipe import Family, Recipe, Split, ToolMember

IGNORED = -100
"""The label of tokens that are given, not learned, as PyTorch defines it."""


@dataclass(frozen=True)
class Document:
    """A question with its answer, and where it comes from."""

    domain: str
    task: str
    question: str
    answer: str
    reasoning: str | None = None


@dataclass(frozen=True)
class CalculatedDocument(Document):
    """A document whose answer a calculator gives. Of its own type, so that the hashes of others stay as they are."""

    calculation: str | None = None
    """What to enter into the calculator."""


def documents_of(family: Family, name: str) -> list[Document]:
    """Read the documents that a member learns from, according to its recipe.

    Raises:
        UserError: a file is missing, damaged, or too short.
    """
    member = family.member(name)
    kind = CalculatedDocument if isinstance(member, ToolMember) else Document
    return documents(family.recipe, member.split, member.documents, family.domains(name), kind)


def documents_sha256(learned_from: Sequence[Document]) -> str:
    """Return a hash of documents and their order."""
    return hashlib.sha256(repr([asdict(one) for one in learned_from]).encode()).hexdigest()


def documents(
    recipe: Recipe,
    split: Split,
    count: int,
    domains: Sequence[str] | None = None,
    kind: type[Document] = Document,
) -> list[Document]:
    """Read the first `count` documents of each task's split, of some domains or all.

    Raises:
        UserError: a file is missing, damaged, or too short.
    """
    read: list[Document] = []
    for domain in domains or list(recipe.domains):
        for task in recipe.domains[domain]:
            path = recipe.tasks_folder / domain / f"{task}.{split}.jsonl"
            rows = _rows(path)
            if len(rows) < count:
                raise UserError(f"{path}: {count} documents are needed, but it has {len(rows)}")
            texts = [one.name for one in fields(kind) if one.name not in ("domain", "task")]
            for row in rows[:count]:
                given: dict[str, Any] = {text: row.get(text) for text in texts}
                read.append(kind(domain, task, **given))
    return read


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (RecursionError, ValueError) as error:
        raise UserError(f"{path}: not JSON lines ({error})") from error
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("question", "answer")):
            raise UserError(f"{path}: line {number}: a document needs a question and an answer, both as text")
        if not all(isinstance(row.get(key, ""), str) for key in ("reasoning", "calculation")):
            raise UserError(f"{path}: line {number}: reasoning and calculation must be given as text")
    return rows


def prompt_of(recipe: Recipe, document: Document) -> str:
    """Return the prompt of a question. Not `str.format`: questions may hold braces."""
    return recipe.prompt.replace("{question}", document.question)


def encode(tokenizer: Any, prompt: str, target: str) -> dict[str, Any]:
    """Encode a prompt and its answer, with the end-of-text token: ``input_ids`` and ``labels``."""
    given: list[int] = tokenizer(prompt)["input_ids"]
    learned: list[int] = [*tokenizer(f" {target}", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return {"input_ids": given + learned, "labels": [IGNORED] * len(given) + learned}


def encode_call(tokenizer: Any, prompt: str, call: str, result: str, answer: str) -> dict[str, Any]:
    """Encode a prompt, a call of a tool, its result and the answer, as one example.

    The model learns the call and the answer; the prompt and the result are given. Each part is encoded alone, so
    that no token spans two of them: an agent sends them as one text, which a tokenizer splits at the same places
    where parts end or begin with a line end or a space.

    Args:
        tokenizer: with an end-of-text token, which ends the answer.
        prompt: of the question.
        call: as the model writes it, with the line end at which it stops.
        result: what is appended to it.
        answer: what the model answers then.
    """

    def ids(text: str) -> list[int]:
        encoded: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return encoded

    parts = (
        (tokenizer(prompt)["input_ids"], False),
        (ids(f" {call}"), True),
        (ids(result), False),
        ([*ids(f" {answer}"), tokenizer.eos_token_id], True),
    )
    return {
        "input_ids": [one for part, _ in parts for one in part],
        "labels": [one if learned else IGNORED for part, learned in parts for one in part],
    }


class Collator:
    """Puts examples into one batch, padded on the right."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return tensors of shape (examples, longest): ``input_ids``, ``attention_mask``, ``labels``."""
        import torch

        longest = max(len(example["input_ids"]) for example in examples)

        def padded(values: Sequence[int], filler: int) -> list[int]:
            return [*values, *[filler] * (longest - len(values))]

        return {
            "input_ids": torch.tensor([padded(e["input_ids"], self._pad_id) for e in examples]),
            "attention_mask": torch.tensor([padded([1] * len(e["input_ids"]), 0) for e in examples]),
            "labels": torch.tensor([padded(e["labels"], IGNORED) for e in examples]),
        }
