"""Give a decision as plain data, at full precision, for JSON, CSV and data frames."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from wattbench_reports.decision.model import Decision
from wattbench_reports.wording.decision import DecisionWords

DECISION_COLUMNS = {"qualifies": str, "counted": bool, "advised": bool}
"""The columns of a decision in a table of systems, and the type of their values."""


def decision_data(words: DecisionWords) -> dict[str, Any]:
    """Return the object ``decision`` of JSON: the advice, the evidence, and all that the decision holds.

    A bound that is infinite is null, as is what is not known.
    """
    data = plain_data(asdict(words.decision))
    return {"advice": words.advice, "evidence": list(words.evidence), **data}


def decision_cells(decision: Decision, system: str) -> dict[str, Any]:
    """Map `DECISION_COLUMNS` to the values of one system; those of a system that is not judged are None."""
    each = decision.of(system)
    if each.apart:
        return dict.fromkeys(DECISION_COLUMNS)
    return {
        "qualifies": str(each.qualifies),
        "counted": each.counted,
        "advised": each.system == decision.chosen,
    }


def plain_data(value: Any) -> Any:
    """Return a value of JSON: no tuples, no enumerations, no infinity."""
    if isinstance(value, dict):
        return {str(key): plain_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value
