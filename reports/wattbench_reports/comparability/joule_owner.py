"""Find whose joules a system's are: those of the machine that runs the model, or of a client that waits for it.

A client's joules are of its waiting. They are of another thing than the joules of a machine that runs a model, and of
another thing for each system, as how long a client waits is the server's doing: they are ranked with no other's.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from wattbench_reports.comparability.far_servers import hosts_elsewhere
from wattbench_reports.tables.run_tables import Frames
from wattbench_reports.tables.suite_record import SystemSettings


class JouleOwner(StrEnum):
    """The machine whose joules are recorded for a system."""

    MODEL = "model's machine"
    CLIENT = "client"
    NOT_SAID = "not said"
    NONE = ""
    """It has no joules."""


def joule_owners(frames: Frames) -> dict[str, JouleOwner]:
    """Return, for each system, the machine whose joules are recorded.

    Of a run of this harness that is known: its meters are those of its machine, or read another one and say so in the
    name of the component. Of an import it is what the reader declared; without that readings of power are those of the
    model's machine, as their readers have checked, and of joules alone nothing is said.
    """
    return {
        name: JouleOwner.NONE if np.isnan(frames.figures("energy_j", rows)).all() else _owner(frames, name)
        for name, rows in zip(frames.systems, map(frames.answers_of, frames.systems), strict=True)
    }


def _owner(frames: Frames, system: str) -> JouleOwner:
    imported = frames.record.imported
    if imported is not None:
        declared = imported.joules_of.get(system)
        if declared is not None:
            return JouleOwner.CLIENT if declared == "client" else JouleOwner.MODEL
        return JouleOwner.MODEL if frames.all_measured_rows.get(system) else JouleOwner.NOT_SAID
    settings = frames.record.suite.systems.get(system, SystemSettings())
    if not hosts_elsewhere(settings):
        return JouleOwner.MODEL
    rows = frames.all_measured_rows.get(system, [])
    read = " ".join(str(each) for each in frames.metering["energy_j"].iloc[rows])
    return JouleOwner.MODEL if "@" in read else JouleOwner.CLIENT
