"""What a series continues under: while this stays the same, a figure that moves has the system's reasons.

The parts are those of `harness.records`, and which of them a figure depends on is said by
`reports.comparability.FORBIDS`. What the system is made of is not among them: that it changes is what trends are for.
A fact that neither of two nights records does not divide them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import CONDITIONS, Part, RunHeader, machine_parts, part
from reports.comparability import FORBIDS
from reports.fingerprint import HARMLESS
from reports.provenance import is_modelled
from reports.settings import suite_section

_DIGITS = 12


class Conditions:
    """Of one run."""

    def __init__(self, header: RunHeader) -> None:
        self._header = header
        self._machine = machine_parts(header.environment, "")
        measure = suite_section(header, "measure")
        facts = {name: value for name, value in sorted(measure.items()) if name not in HARMLESS and value is not None}
        self._machine |= {"scenario": part(facts, "")}

    def of(self, figure: str, system: str, domain: str, items: int, provenance: str) -> str:
        """A short hash for one series: equal in two nights where nothing differs that its figure depends on.

        Args:
            figure: one of `reports.comparability.FIGURES`.
            system: in the run.
            domain: empty for all.
            items: that were answered there.
            provenance: of the joules of the series.
        """
        parts = self._machine | {"tasks": self._tasks(system, domain, items), "meter": self._meter(provenance)}
        told = {name: parts[name].facts for name in CONDITIONS if figure in FORBIDS[name]}
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:_DIGITS]

    def _tasks(self, system: str, domain: str, items: int) -> Part:
        cells = [
            [cell.get(key) for key in ("task", "task_version", "docs_sha256", "task_sha256")]
            for cell in self._cells()
            if cell.get("system") == system and domain in ("", cell.get("domain"))
        ]
        return part({"planned": sorted(cells, key=str), "answered": items}, "")

    def _cells(self) -> Sequence[Mapping[str, Any]]:
        return [cell for cell in self._header.cells if isinstance(cell, Mapping)]

    def _meter(self, provenance: str) -> Part:
        facts: dict[str, Any] = {"components": self._header.meters, "joules": provenance}
        packages = self._header.environment.get("packages")
        if is_modelled(provenance) and isinstance(packages, Mapping):  # its constants change with its version
            facts["model"] = packages.get("codecarbon")
        return part(facts, "")
