"""Reads a task's committed documents, for lm-eval's ``custom_dataset``.

It finds them beside this file, so they are found wherever the folder is installed; lm-eval's own ``data_files``
are relative to where the user stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets

FOLDER = Path(__file__).parent
ASKED = ("test", "fewshot")


def read(documents: str, split: str) -> list[dict[str, str]]:
    """Return the documents of ``<domain>/<task>``, each with its ``question`` and ``answer``.

    Raises
    ------
    FileNotFoundError
        Where the task has no such split.

    """
    with (FOLDER / f"{documents}.{split}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load(
    documents: str, answer_type: str, choices: Sequence[str] = (), **_metadata: Any
) -> dict[str, datasets.Dataset]:
    """Return the splits an evaluation asks for, each document with what `scoring` has to know of its answer.

    lm-eval passes the task's ``dataset_kwargs`` and its ``metadata`` alike; the latter is of no use here.
    """
    answers = {"answer_type": answer_type, "choices": list(choices)}
    return {
        split: datasets.Dataset.from_list([{**document, **answers} for document in read(documents, split)])
        for split in ASKED
    }
