"""Build lm-eval's own `ConfigurableTask` of a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from wattbench.config import FileTask
from wattbench.tasks.bounded_pattern import search
from wattbench.tasks.file_task.accepted import accepted
from wattbench.tasks.file_task.documents import read_documents
from wattbench.tasks.file_task.prompt import generation_of, template_of
from wattbench.tasks.file_task.scores import CHECK, FREE, LETTER, NO_ANSWER, VERSION, Score, of_match, said_in
from wattbench.tasks.file_task.split import Item

_KEPT = 32
"""As many tasks are kept."""
_UNSURE_S = 2.0
"""A file that changed less than this ago may change again without a new time stamp."""


@dataclass(frozen=True)
class BuiltTask:
    """A task of a file, before lm-eval has it."""

    config: Mapping[str, Any]
    """lm-eval's settings that are plain data."""
    splits: Mapping[str, Sequence[dict[str, Any]]]
    """Split to documents: `test`, and if there are any `fewshot` and `train`."""
    score: Score
    accepts: str
    """When an answer is right, in words."""
    dropped: int = 0
    """Rows that were left out, as a worked example has their input."""
    check: str | None = None
    """The command that says of an agent's attempt whether it is solved."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Column of the file to its key in a document."""

    @property
    def note(self) -> str:
        """Say how many rows are asked, examples, for training or left out; empty if all rows are asked."""
        said = {"fewshot": "as worked examples", "train": "for training"}
        parts = [f"{len(self.splits[name]):,} {what}" for name, what in said.items() if name in self.splits]
        parts += [f"{self.dropped:,} left out, as worked examples have their inputs"] if self.dropped else []
        return f"{len(self.splits['test']):,} rows to ask, {', '.join(parts)}" if parts else ""

    @property
    def scoring(self) -> str:
        """Return the settings of the score as JSON text, to compare the scoring of two tasks."""
        check = {} if self.check is None else {"check": self.check}
        return json.dumps({**self.score._asdict(), **check}, sort_keys=True)


def build(choice: FileTask) -> BuiltTask:
    """Read a task's files, and return the settings and documents of which lm-eval makes the task.

    Raises:
        UserError: a file or a setting is wrong.
    """
    documents = read_documents(choice)
    parts, names = documents.parts, documents.names
    template = template_of(choice, names, documents.labels, documents.known)
    target = "" if choice.target is None else names[choice.target]
    splits = {
        name: _documents(items)
        for name, items in (("test", parts.test), ("fewshot", parts.fewshot), ("train", parts.train))
        if items
    }
    config: dict[str, Any] = {
        "task": choice.task,
        "test_split": "test",
        **({"training_split": "train"} if parts.train else {}),
        **({"fewshot_split": "fewshot", "fewshot_config": {"sampler": "first_n"}} if parts.fewshot else {}),
        "num_fewshot": len(parts.fewshot),
        "output_type": "generate_until",
        "doc_to_text": template,
        "doc_to_target": LETTER if choice.compared == "choice" else target,
        "generation_kwargs": generation_of(choice, template),
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in choice.metrics],
        "metadata": {"version": VERSION},
    }
    kind = FREE if choice.is_free else choice.compared or CHECK
    score = Score(kind, target, documents.labels, choice.pattern or "", choice.tolerance)
    accepts = accepted(choice, documents.labels)
    return BuiltTask(config, splits, score, accepts, parts.dropped, choice.check, names)


def build_once(choice: FileTask) -> BuiltTask:
    """Return a built task with its splits as data sets; files that did not change are read once.

    lm-eval needs a new task for every cell.

    Raises:
        UserError: a file or a setting is wrong.
    """
    try:
        files = [path.stat() for path in choice.files().values()]
    except OSError:
        return _with_rows(build(choice))  # which says what is wrong
    if max(max(file.st_mtime, file.st_ctime) for file in files) > time.time() - _UNSURE_S or choice.has_folders:
        return _with_rows(build(choice))
    stamps = [(file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns) for file in files]
    return _built(choice.model_dump_json(), tuple(stamps))


@lru_cache(maxsize=_KEPT)
def _built(settings: str, stamps: tuple[tuple[int, ...], ...]) -> BuiltTask:
    return _with_rows(build(FileTask.model_validate_json(settings)))


def _with_rows(built: BuiltTask) -> BuiltTask:
    from datasets import Dataset

    return replace(built, splits={name: Dataset.from_list(list(rows)) for name, rows in built.splits.items()})


def lm_eval_task(built: BuiltTask) -> Any:
    """Return lm-eval's `ConfigurableTask`.

    Args:
        built: by `build_once`.
    """
    from lm_eval.api.task import ConfigurableTask

    score = built.score
    code = {  # a function holds the documents: lm-eval copies its settings, objects included
        "custom_dataset": lambda **_: built.splits,
        "filter_list": [{"name": score.kind, "filter": [{"function": "custom", "filter_fn": _filter_of(score)}]}],
        "process_results": score.process_results,
    }
    return ConfigurableTask(config={**json.loads(json.dumps(built.config)), **code})


def _filter_of(score: Score) -> Callable[..., list[str]]:
    """Return the filter that extracts answers from replies; a suite's pattern is bounded in time."""

    def bounded(replies: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
        texts = [said_in(str(of_doc[0])) for of_doc in replies]
        matches = search(score.pattern, [text for text in dict.fromkeys(texts) if text], key="pattern:")
        return [of_match(*matches[text]) if text in matches else NO_ANSWER for text in texts]

    return bounded if score.kind == "regex" else score.filter_replies


def _documents(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [item.doc for item in items]
