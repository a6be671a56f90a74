"""Build lm-eval's own `ConfigurableTask` of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.config import FileTask
from wattbench.tasks.file_task.documents import read_documents
from wattbench.tasks.file_task.prompt import generation_of, template_of
from wattbench.tasks.file_task.scores import LETTER, VERSION, Score
from wattbench.tasks.file_task.split import Item


@dataclass(frozen=True)
class BuiltTask:
    """A task of a file, before lm-eval has it."""

    config: Mapping[str, Any]
    """lm-eval's settings that are plain data."""
    splits: Mapping[str, list[dict[str, Any]]]
    """Split to documents: `test`, and if there are any `fewshot` and `train`."""
    score: Score
    dropped: int = 0
    """Rows that were left out, as a worked example has their input."""

    @property
    def note(self) -> str:
        """Say what becomes of the rows; empty where all are asked."""
        said = {"fewshot": "as worked examples", "train": "for training"}
        parts = [f"{len(self.splits[name]):,} {what}" for name, what in said.items() if name in self.splits]
        parts += [f"{self.dropped:,} left out, as worked examples have their inputs"] if self.dropped else []
        return f"{len(self.splits['test']):,} rows to ask, {', '.join(parts)}" if parts else ""

    @property
    def scoring(self) -> str:
        """Return what identifies how answers are scored, as text."""
        return json.dumps(self.score._asdict(), sort_keys=True)


def build(choice: FileTask) -> BuiltTask:
    """Read a task's files and return what lm-eval needs of it.

    Raises:
        UserError: a file or a setting is wrong.
    """
    documents = read_documents(choice)
    parts, names = documents.parts, documents.names
    template = template_of(choice, names, documents.labels, documents.known)
    target = names[choice.target]
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
        "doc_to_target": LETTER if choice.score == "choice" else target,
        "generation_kwargs": generation_of(choice, template),
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in choice.metrics],
        "metadata": {"version": VERSION},
    }
    score = Score(choice.score, target, documents.labels, choice.pattern or "", choice.tolerance)
    return BuiltTask(config, splits, score, parts.dropped)


def lm_eval_task(built: BuiltTask) -> Any:
    """Return lm-eval's `ConfigurableTask`."""
    from datasets import Dataset  # type: ignore[import-untyped]
    from lm_eval.api.task import ConfigurableTask

    score = built.score
    splits = {name: Dataset.from_list(documents) for name, documents in built.splits.items()}
    code = {  # a function holds the documents: lm-eval copies its settings, objects included
        "custom_dataset": lambda **_: splits,
        "filter_list": [{"name": score.kind, "filter": [{"function": "custom", "filter_fn": score.filter_replies}]}],
        "process_results": score.process_results,
    }
    return ConfigurableTask(config={**json.loads(json.dumps(built.config)), **code})


def _documents(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [item.doc for item in items]
