"""Make a ledger entry from metered windows, files and the machine, for every method."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattbench.machine.environment import installation
from wattbench.records import WindowRow, total_j
from wattbench.systems.training_ledger import Ledger

Grams = Callable[[float], tuple[float | None, str]]
"""From joules to grams of CO2 equivalent, and by what figures."""


def ledger_entry(
    files: Sequence[Path],
    windows: Sequence[WindowRow],
    grams: Grams,
    packages: Sequence[str],
    *,
    results: dict[str, float],
    **settings: Any,
) -> Ledger:
    """Return the ledger entry of a build.

    Args:
        files: of what was built, which are on record by name with their digests.
        windows: in which it was metered.
        grams: of the joules.
        packages: whose versions matter.
        results: further figures of the method.
        settings: all other fields of a ledger.
    """
    energy_j: dict[str, float] = {}
    for window in windows:
        for component, joules in window.energy_j.items():
            energy_j[component] = energy_j.get(component, 0.0) + joules
    here = installation()
    grams_co2e, basis = grams(total_j(energy_j) or 0.0)
    return Ledger(
        started_utc=datetime.fromtimestamp(windows[0].started_s, UTC).isoformat(timespec="seconds"),
        finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(sum(window.duration_s for window in windows), 3),
        energy_j={component: round(joules, 3) for component, joules in energy_j.items()},
        provenance={c: p for window in windows for c, p in window.provenance.items()},
        windows=len(windows),
        windows_invalid=sorted({reason for window in windows if not window.valid for reason in window.reasons}),
        grams_co2e=None if grams_co2e is None else round(grams_co2e, 4),
        grams_basis=basis,
        hardware={key: here[key] for key in ("cpu", "cpus_usable", "memory_bytes", "gpus")},
        packages={key: here["packages"][key] for key in packages if key in here["packages"]},
        results={key: round(value, 6) for key, value in results.items()},
        files={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        bytes=sum(path.stat().st_size for path in files),
        **settings,
    )
