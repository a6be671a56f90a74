"""Writes the documents of every task from its domain's recipe: ``python benchmarks/tasks/generate.py``.

Needs reasoning-gym (``pip install "wattbench[tasks]"``, and a C compiler). The documents are committed, so only
whoever changes a recipe runs this; the same recipe writes the same bytes.

``<domain>/recipe.yaml`` says, for each task, which generator, how hard, and which splits from which seeds; every
split becomes ``<domain>/<task>.<split>.jsonl``.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import checks
import yaml

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
    import reasoning_gym

    keep = checks.CHECKS.get(recipe["dataset"], lambda _question, _answer: True)
    entries = reasoning_gym.create_dataset(recipe["dataset"], seed=seed, size=size, **recipe["settings"])
    for index in range(size):
        entry = entries[index]
        question, answer = entry["question"].strip(), str(entry["answer"])
        if keep(question, answer):
            yield {"question": question, "answer": answer}


def splits(recipe: dict[str, Any]) -> dict[str, list[Document]]:
    """Return the documents of every split of a recipe.

    No question is in two of them or twice in one. A split leaves out what an earlier one has, so new splits go at
    the end of a recipe and leave the others as they were.

    Raises
    ------
    ValueError
        Where two splits could draw the same seeds (reasoning-gym gives its i-th document the seed ``seed + i``, so
        seeds must lie further apart than the draws), or where a generator has too few different documents.

    """
    _seeds_apart(recipe["splits"])
    asked: set[str] = set()
    chosen = {}
    for name, split in recipe["splits"].items():
        drawn = draw(recipe, split["seed"], split["count"] * DRAWS_PER_DOCUMENT)
        documents = list(islice(_choose(drawn, recipe["max_share"], asked), split["count"]))
        if len(documents) < split["count"]:
            raise ValueError(f"{recipe['dataset']}: only {len(documents)} of {split['count']} for {name}")
        chosen[name] = documents
    return chosen


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
            lines = (json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
            yield folder / domain / f"{task}.{split}.jsonl", "".join(lines)


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(FOLDER), text.count("\n"), file=sys.stderr)
