"""Hash the conditions of a series: while they stay the same, a change in a figure comes from the system.

The parts are those of `wattbench.records`, and which of them a figure depends on is said by
`wattbench_reports.comparability.rules.FORBIDS`. What the system is made of is not among them: that it changes is what
trends are for. A fact that neither of two nights records does not divide them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from wattbench.records import CONDITIONS, machine_parts, part
from wattbench_reports.comparability.fingerprint import HARMLESS
from wattbench_reports.comparability.rules import FIGURES, FORBIDS
from wattbench_reports.tables.header_record import HeaderRecord
from wattbench_reports.tables.provenance import is_modelled

_DIGITS = 12
_TASK = ("task", "task_version", "docs_sha256", "task_sha256")
"""What a cell of the plan says of its task."""


class Conditions:
    """The conditions of one run. Many series share them, so hashes are cached."""

    def __init__(self, record: HeaderRecord) -> None:
        measure = record.suite.measure.compared
        facts = {name: value for name, value in sorted(measure.items()) if name not in HARMLESS and value is not None}
        machine = machine_parts(record.machine.as_recorded, "") | {"scenario": part(facts, "")}
        self._machine = {
            figure: [machine[name].facts for name in CONDITIONS if name in machine and figure in FORBIDS[name]]
            for figure in FIGURES
        }
        self._model = record.machine.codecarbon
        self._meters = record.provenances
        self._cells = [
            (cell.system, cell.domain, [*(cell.as_recorded.get(key) for key in _TASK), *_trace(cell.as_recorded)])
            for cell in record.cells
        ]
        self._hashes: dict[tuple[str, str, str, int, str], str] = {}

    def of(self, figure: str, system: str, domain: str, items: int, provenance: str) -> str:
        """Return a short hash for one series: equal in two nights if nothing differs that its figure depends on.

        Args:
            figure: one of `wattbench_reports.comparability.rules.FIGURES`.
            system: in the run.
            domain: empty for all.
            items: that were answered there.
            provenance: of the joules of the series; empty for other figures.
        """
        key = figure, system, domain, items, provenance
        if key not in self._hashes:
            tasks = [task for name, task_domain, task in self._cells if name == system and domain in ("", task_domain)]
            facts = [self._machine[figure], sorted(tasks, key=str), items]
            facts += [self._meter(provenance)] if figure in FORBIDS["meter"] else []
            text = json.dumps(facts, sort_keys=True, default=str)
            self._hashes[key] = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
        return self._hashes[key]

    def _meter(self, provenance: str) -> list[Any]:
        """Return the facts of the meter, with the version of a model, whose constants change with it."""
        return [self._meters, provenance, self._model if is_modelled(provenance) else None]


def _trace(cell: Mapping[str, Any]) -> list[Any]:
    """Return the hash of a cell's trace of arrivals in a list; empty without a trace, as in older records."""
    return [cell["trace_sha256"]] if "trace_sha256" in cell else []
