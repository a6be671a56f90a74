"""Compare what two systems were asked, item by item: by the hash of each prompt, few-shot examples included.

Of one system in two runs every prompt must be the same, unless the change is about prompts. What differs was edited, or
asked after a resumption with other few-shot examples, or written by another version of a chat template.

Two systems of different names may have chat templates and prompt settings of their own: those belong to what they are.
Their messages, before the template, must be the same where their prompt settings are. In records that have no hash of
the messages a template is taken to explain prompts that differ in every item of a task, and nothing less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.formatting.units import listed, plural

ADVICE = "If that is the intended change: --across prompts, or may_differ: [prompts] in the policy."

_MOST_TASKS = 3
"""Tasks that a sentence names."""

Marks = NDArray[np.bool_]
"""Shape (items,)."""


@dataclass(frozen=True)
class AskedSystem:
    """A system with the settings of its prompts."""

    name: str
    shown: str
    settings: Mapping[str, Any]
    """Its `prompt` section in the suite, as recorded."""


@dataclass(frozen=True)
class PromptComparison:
    """Whether the prompts of two systems are the same."""

    apart: str | None = None
    """Why nothing of the two is comparable; None: they were asked the same, or what differs may."""
    note: str | None = None
    """What differs and may."""


def compare_prompts(
    both: pd.DataFrame, first: AskedSystem, second: AskedSystem, *, may_differ: bool, advice: str = ADVICE
) -> PromptComparison:
    """Compare the prompts of the items that both systems answered.

    Args:
        both: a row per item: columns `task`, `doc_id`, ``prompt_hash`` and ``messages_hash``, those of the second with
            ``_2``: texts, or numbers that stand for them. Empty, or 0: not recorded.
        first: the baseline.
        second: the candidate.
        may_differ: the change is about prompts.
        advice: what to do if it is.
    """
    differ = (both["prompt_hash"] != both["prompt_hash_2"]).to_numpy(dtype=bool)
    if not differ.any():
        return PromptComparison()
    where = _where(both, differ)
    if may_differ:
        return PromptComparison(note=f"Prompts differ, as they may: {where}.")
    if first.name != second.name:
        if first.settings != second.settings:
            return PromptComparison(
                note=f"{first.shown} and {second.shown} have prompt settings of their own, and prompts differ: {where}."
            )
        known = (both["messages_hash"].astype(bool) & both["messages_hash_2"].astype(bool)).to_numpy()
        template = first.settings.get("chat", True)  # without one the prompt is the question itself
        excused = _whole_tasks(both, differ) if template else np.zeros(len(both), dtype=bool)
        unexplained = differ & np.where(known, both["messages_hash"] != both["messages_hash_2"], ~excused)
        if not unexplained.any():
            explained = f"The prompts of {first.shown} and {second.shown} differ: {where}. Their chat templates may be"
            note = f"{explained} the reason; the messages behind the prompts are not recorded."
            return PromptComparison(note=None if known[differ].all() else note)
        where = _where(both, unexplained)
    return PromptComparison(apart=f"Prompts differ: {where}. {advice}")


def _whole_tasks(both: pd.DataFrame, differ: Marks) -> Marks:
    """Mark the items of tasks in which every prompt differs."""
    return np.asarray(
        pd.Series(differ, index=both.index).groupby(both["task"], observed=True).transform("all"), dtype=bool
    )


def _where(both: pd.DataFrame, differ: Marks) -> str:
    """Count the differing items by task, with an example: ``3 of 40 items of chain_sum (document 7, for example)``."""
    items, differing = both["task"].value_counts().to_dict(), both[differ]
    counts = differing["task"].value_counts(sort=False).items()
    parts = [f"{count} of {plural(items[task], 'item')} of {task}" for task, count in counts if count]
    if len(parts) > _MOST_TASKS:
        parts = [*parts[: _MOST_TASKS - 1], f"items of {len(parts) - _MOST_TASKS + 1} other tasks"]
    example = differing.sort_values(["task", "doc_id"]).iloc[0]
    of_task = f" of {example['task']}" if len(parts) > 1 else ""
    return f"{listed(parts)} (document {example['doc_id']}{of_task}, for example)"
