"""Write the task of a file as lm-eval YAML, with its documents and scores: `lm_eval` asks and scores the same."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from wattbench.config import FileTask
from wattbench.errors import UserError
from wattbench.records.files.atomic_write import write_atomically
from wattbench.tasks.file_task import scores
from wattbench.tasks.file_task.build import BuiltTask, build

_CODE = '''

# Of this task, by `wattbench dev tasks export`.

import json  # noqa: E402
from pathlib import Path  # noqa: E402

SCORE = {score!r}
FILES = {files!r}


def load(**_):
    """Return the documents, by split."""
    from datasets import Dataset

    here = Path(__file__).parent
    texts = {{split: (here / name).read_text(encoding="utf-8") for split, name in FILES.items()}}
    return {{
        split: Dataset.from_list([json.loads(line) for line in text.split("\\n") if line])
        for split, text in texts.items()
    }}


def extract(replies, docs):
    """Find the answers in replies."""
    return SCORE.filter_replies(replies, docs)


def process_results(doc, results):
    """Score an answer."""
    return SCORE.process_results(doc, results)
'''


class _Function(str):
    """The name of a function, which YAML writes as `!function`."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Function, lambda dumper, name: dumper.represent_scalar("!function", str(name)))


def export_task(choice: FileTask, folder: Path) -> list[Path]:
    """Write a task's YAML, its documents as JSON lines, and its scores as a Python file of the standard library.

    Args:
        choice: the task.
        folder: is made where it is not there; files of an earlier export are replaced.

    Returns:
        The files, the YAML first.

    Raises:
        UserError: a file or a setting of the task is wrong, or a file cannot be written.
    """
    if choice.is_free:
        raise UserError(
            f"{choice.task}: a judge or a grading function scores its answers, which is not a part of the task: "
            "lm-eval could ask it, but not score it"
        )
    if choice.compared is None:
        raise UserError(f"{choice.task}: a check says what is solved, which lm-eval has no place for")
    built = build(choice)
    module = re.sub(r"\W", "_", choice.task) + "_task"
    files = {split: f"{choice.task}.{split}.jsonl" for split in built.splits}
    contents = {
        f"{choice.task}.yaml": _yaml(built, module),
        f"{module}.py": inspect.getsource(scores) + _CODE.format(score=built.score, files=files),
        **{files[split]: _lines(documents) for split, documents in built.splits.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in contents]


def _yaml(built: BuiltTask, module: str) -> str:
    find = {"function": "custom", "filter_fn": _Function(f"{module}.extract")}
    data: dict[str, Any] = {
        "task": built.config["task"],
        "custom_dataset": _Function(f"{module}.load"),
        **built.config,
        "filter_list": [{"name": built.score.kind, "filter": [find]}],
        "process_results": _Function(f"{module}.process_results"),
    }
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _lines(documents: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
