"""Give a decision as plain data, at full precision, for JSON, CSV and data frames."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wattbench_reports.decision.model import Decision
from wattbench_reports.formatting.json_text import plain_data
from wattbench_reports.wording.decision import DecisionWords

DECISION_COLUMNS = {"qualifies": str, "counted": bool, "advised": bool}
"""The columns of a decision in a table of systems, and the type of their values."""


def decision_data(words: DecisionWords) -> dict[str, Any]:
    """Return the object ``decision`` of JSON: the advice, the evidence, and all fields of the decision.

    A bound that is infinite is null, as is what is not known.
    """
    data = plain_data(asdict(words.decision))
    return {"advice": words.advice, "evidence": list(words.evidence), **data}


def decision_cells(decision: Decision, system: str) -> dict[str, Any]:
    """Map `DECISION_COLUMNS` to the values of one system; None for a system that is not judged."""
    each = decision.of(system)
    if each.apart:
        return dict.fromkeys(DECISION_COLUMNS)
    return {
        "qualifies": str(each.qualifies),
        "counted": each.counted,
        "advised": each.system == decision.chosen,
    }
