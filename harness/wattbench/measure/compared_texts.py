"""Score the answers of an imported run anew by the texts that its source compared.

An answer is right if it is its target in the chosen forms. One that the other tool called right stays right, as its
scorer may know more than the texts; where a pattern extracts the answer, the pattern alone decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattbench.errors import UserError
from wattbench.records import NO_ANSWER, Forms, RunRecords, ScoreRow, answer_in, equal_in, targets_of
from wattbench.records.tables.run_tables import compared_texts
from wattbench.tasks.bounded_pattern import first_matches

METRIC = "text_match,wattbench"
"""The name of the metric of these scores."""


@dataclass(frozen=True)
class TextComparison:
    """How the texts are compared."""

    forms: Forms
    pattern: str | None
    tasks: frozenset[str]
    """Those that are scored anew."""


def compare_texts(records: RunRecords, how: TextComparison) -> dict[tuple[str, str], list[ScoreRow]]:
    """Score answers by their texts; return the rows of scores by system and task.

    Raises:
        UserError: nothing can be compared, or the pattern takes too long.
    """
    rows = [row for row in compared_texts(records.layout.items_table) if row["task"] in how.tasks]
    elsewise = {row["task"] for row in rows if _is_called_wrong(row)}
    usable = [row for row in rows if row["task"] not in elsewise and row["target"] and row["correct"] is not None]
    if not usable:
        why = (
            f"in {min(elsewise)} an answer that is its target was scored as wrong" if elsewise else "it has no targets"
        )
        raise UserError(f"{records.layout.root}: the scores of this run are no comparison of texts: {why}")
    extracted = (
        None
        if how.pattern is None
        else first_matches(how.pattern, list(dict.fromkeys(row["output"] or "" for row in usable)))
    )
    scores: dict[tuple[str, str], list[ScoreRow]] = {}
    for row in usable:
        scores.setdefault((row["system"], row["task"]), []).append(_score(row, how.forms, extracted))
    return scores


def _is_called_wrong(row: Mapping[str, Any]) -> bool:
    """Return whether an answer was scored as wrong although it equals its target."""
    return (
        bool(row["target"]) and row["correct"] is not None and row["correct"] < 1 and row["filtered"] == row["target"]
    )


def _score(row: Mapping[str, Any], forms: Forms, extracted: Mapping[str, str] | None) -> ScoreRow:
    answer = row["filtered"] or "" if extracted is None else extracted.get(row["output"] or "", NO_ANSWER)
    equal = float(equal_in(answer, targets_of(row["target"]), forms))
    correct = max(equal, row["correct"]) if extracted is None else equal
    return ScoreRow(
        doc_id=row["doc_id"],
        repeat=row["repeat"],
        doc_hash=row["doc_hash"],
        target=row["target"],
        filtered=answer_in(answer, forms),
        correct=correct,
        metrics={**json.loads(row["metrics"] or "{}"), METRIC: correct},
        offered_per_s=row["offered_per_s"],
        arrivals=row["arrivals"],
    )
