"""Writes the documents of every task from its domain's recipe: ``python benchmarks/tasks/generate.py``.

Needs reasoning-gym (``pip install "wattbench[tasks]"``, and a C compiler). The documents are committed, so only
whoever changes a recipe runs this; the same recipe writes the same bytes.

``<domain>/recipe.yaml`` says, for each task, which generator, how hard, and which splits from which seeds; every
split becomes ``<domain>/<task>.<split>.jsonl``.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import checks
import reasoning
import yaml
from documents import ASKED

from wattbench.errors import UserError, require

FOLDER = Path(__file__).parent
DRAWS_PER_DOCUMENT = 60
"""How many draws a document may cost before the recipe is thought impossible."""

Document = dict[str, str]


def recipes(folder: Path = FOLDER) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the domain, the task and its recipe, of all there are."""
    for path in sorted(folder.glob("*/recipe.yaml")):
        for task, recipe in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            yield path.parent.name, task, recipe


def draw(recipe: dict[str, Any], seed: int, size: int) -> Iterable[Document]:
    """Yield the documents of ``size`` seeds of a generator, in their order, less those that fail its check."""
    reasoning_gym = require("reasoning_gym", extra="tasks", what="drawing documents anew")
    keep = checks.CHECKS.get(recipe["dataset"], lambda _question, _answer: True)
    entries = reasoning_gym.create_dataset(recipe["dataset"], seed=seed, size=size, **recipe["settings"])
    for index in range(size):
        entry = entries[index]
        question, answer = entry["question"].strip(), str(entry["answer"])
        if recipe.get("answer") == "number":
            answer = re.findall("[0-9]+", answer)[0]
        if keep(question, answer):
            yield {"question": question, "answer": answer}


def splits(recipe: dict[str, Any]) -> dict[str, list[Document]]:
    """Return the documents of every split of a recipe.

    No question is in two of them or twice in one. A split leaves out what an earlier one has, so new splits go at
    the end of a recipe and leave the others as they were. What a model may learn from also leaves out the problems
    that are tested, in whatever words they come.

    Raises
    ------
    ValueError
        Where two splits could draw the same seeds (reasoning-gym gives its i-th document the seed ``seed + i``, so
        seeds must lie further apart than the draws), or where a generator has too few different documents.

    """
    _seeds_apart(recipe["splits"])
    asked: set[str] = set()
    chosen = {}
    tested: set[str] = set()
    for name, split in recipe["splits"].items():
        drawn = draw(recipe, split["seed"], split["count"] * DRAWS_PER_DOCUMENT)
        if name not in ASKED:
            tested = tested or {problem(recipe, document) for document in chosen["test"]}
            drawn = (document for document in drawn if problem(recipe, document) not in tested)
        documents = list(islice(_choose(drawn, recipe["max_share"], asked), split["count"]))
        if len(documents) < split["count"]:
            raise ValueError(f"{recipe['dataset']}: only {len(documents)} of {split['count']} for {name}")
        chosen[name] = documents
    return chosen


def problem(recipe: dict[str, Any], document: Document) -> str:
    """Return what two documents of the same problem share: the question or, where the recipe says so, its numbers."""
    if recipe.get("problem") == "numbers":
        return " ".join(sorted(re.findall(r"[0-9]+", document["question"])))
    return document["question"]


def _choose(drawn: Iterable[Document], max_share: float, asked: set[str]) -> Iterator[Document]:
    """Yield what was not yet ``asked`` and keeps every answer to its share, and note it as asked.

    The share holds for the first so many documents too, however many: a suite may use no more, and prompts take
    their worked examples from the front.
    """
    answers = Counter[str]()
    for document in drawn:
        most = math.ceil((answers.total() + 1) * max_share)
        if document["question"] not in asked and answers[document["answer"]] < most:
            asked.add(document["question"])
            answers[document["answer"]] += 1
            yield document


def _seeds_apart(wanted: dict[str, dict[str, int]]) -> None:
    ranges = sorted((s["seed"], s["seed"] + s["count"] * DRAWS_PER_DOCUMENT, name) for name, s in wanted.items())
    for (_, end, name), (start, _, other) in pairwise(ranges):
        if start < end:
            raise ValueError(f"{name} may draw seeds up to {end}, and {other} starts at {start}")


def files(folder: Path = FOLDER) -> Iterator[tuple[Path, str]]:
    """Yield every documents file and the text it should hold."""
    for domain, task, recipe in recipes(folder):
        for split, documents in splits(recipe).items():
            whole = [_with_work(task, one) for one in documents] if split == "train" else documents
            lines = (json.dumps(document, ensure_ascii=False) + "\n" for document in whole)
            yield folder / domain / f"{task}.{split}.jsonl", "".join(lines)


def _with_work(task: str, document: Document) -> Document:
    """Return a document with its reasoning and, where a calculator helps, what to enter into it."""
    question, answer = document["question"], document["answer"]
    calculation = reasoning.calculation(task, question, answer)
    worked = {**document, "reasoning": reasoning.trace(task, question, answer)}
    return worked if calculation is None else {**worked, "calculation": calculation}


if __name__ == "__main__":
    try:
        for path, text in files():
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(FOLDER), text.count("\n"), file=sys.stderr)
    except UserError as error:
        print(f"generate: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
