"""Decide whether the two systems of a gate did the same work: machine, documents, prompts.

Prompts are compared item by item: by the hash of each, few-shot examples included. Of one system in two runs every
prompt must be the same, unless the change is about prompts. What differs was edited, or asked after a resumption with
other few-shot examples, or written by another version of a chat template.

Two systems of different names may have chat templates and prompt settings of their own: those belong to what they are.
Their messages, before the template, must be the same where their prompt settings are. In records that have no hash of
the messages a template is taken to explain prompts that differ in every item of a task, and nothing less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench.records import BASELINE, CANDIDATE, SIDES
from wattbench_reports.comparability.joules import hosts_elsewhere
from wattbench_reports.comparability.rules import FORBIDS
from wattbench_reports.formatting.units import listed, plural
from wattbench_reports.gate.evidence.paired_items import HASHES
from wattbench_reports.gate.evidence.recorded_rounds import Item, ItemFigures
from wattbench_reports.metrics.registry import METRICS
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.suite_record import SystemSettings

_UNKNOWN = SystemSettings()
PROMPTS_MAY_DIFFER = "If that is the intended change: may_differ: [prompts] in the policy."
Figures = Mapping[str, Mapping[Item, ItemFigures]]
"""By side: of every item that both sides were asked."""
ADVICE = "If that is the intended change: --across prompts, or may_differ: [prompts] in the policy."
_MOST_TASKS = 3
"""Tasks that a sentence names."""
Marks = NDArray[np.bool_]
"""Shape (items,)."""


def other_machines(record: HeaderRecord, names: Mapping[str, str]) -> dict[str, str]:
    """Return, by metric, why two systems are not comparable if one runs on another machine, behind a server.

    Args:
        record: the gate's run.
        names: side to what its system is called in the record.
    """
    hosts = {side: hosts_elsewhere(settings) for side, settings in _settings(record).items()}
    if hosts[BASELINE] == hosts[CANDIDATE]:
        return {}
    sides = [
        f"{names[side]} {f'asks {listed(hosts[side])}' if hosts[side] else 'runs on this machine'}" for side in SIDES
    ]
    said = f"The systems do not run on the same device: {'; '.join(sides)}."
    return {name: said for name, metric in METRICS.items() if metric.figure in FORBIDS["device"]}


def other_documents(names: Mapping[str, str], figures: Figures) -> dict[str, str]:
    """Return, by metric, why two systems are not comparable if a document of one number differs between them."""
    differ = [item for item, one, other in _both(figures) if one.doc_hash != other.doc_hash]
    if not differ:
        return {}
    task, doc_id = differ[0]
    does = "does" if len(differ) == 2 else "do"
    more = "" if len(differ) == 1 else f", as {does} {plural(len(differ) - 1, 'other item')}"
    said = (
        f"The systems were not asked the same documents: document {doc_id} of {task} differs between "
        f"{listed([names[side] for side in SIDES])}{more}."
    )
    return dict.fromkeys(METRICS, said)


def other_prompts(
    record: HeaderRecord, names: Mapping[str, str], figures: Figures, *, may_differ: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Compare the prompts of two systems, item by item, worked examples included.

    Returns:
        Metric to why they are not comparable, and notes.
    """
    if all(one.prompt_hash == other.prompt_hash for _, one, other in _both(figures)):
        return {}, ()
    import pandas as pd

    rows = [
        (*item, one.prompt_hash, one.messages_hash, other.prompt_hash, other.messages_hash)
        for item, one, other in _both(figures)
    ]
    columns = ["task", "doc_id", *HASHES, *(f"{name}_2" for name in HASHES)]
    settings = _settings(record)
    first, second = (AskedSystem(names[side], names[side], settings[side].prompt) for side in SIDES)
    compared = compare_prompts(
        pd.DataFrame(rows, columns=columns), first, second, may_differ=may_differ, advice=PROMPTS_MAY_DIFFER
    )
    apart = {} if compared.apart is None else dict.fromkeys(METRICS, compared.apart)
    return apart, () if compared.note is None else (compared.note,)


def _both(figures: Figures) -> Iterable[tuple[Item, ItemFigures, ItemFigures]]:
    for item, of_baseline in figures[BASELINE].items():
        yield item, of_baseline, figures[CANDIDATE][item]


def _settings(record: HeaderRecord) -> dict[str, SystemSettings]:
    assert record.gate is not None  # the run is a gate's
    return {side: record.suite.systems.get(each.system or "", _UNKNOWN) for side, each in record.gate.sides.items()}


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
