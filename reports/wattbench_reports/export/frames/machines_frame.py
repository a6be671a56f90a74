"""Build the table of machines: a row per machine that measured the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench_reports.comparison.machines import FIGURES, Machine, machines_of
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.export.frames.typed_frame import typed
from wattbench_reports.metrics.throughput import CLIENT_SHARE, RATES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "run": "string",
    "node": "string",
    "of_class": "int64",
    "device": "string",
    "driver": "string",
    "power_limit": "string",
    "meter": "string",
    "blocks": "int64",
    "answers": "int64",
    "seconds_relative": "float64",
    "seconds_relative_low": "float64",
    "seconds_relative_high": "float64",
    "joules_relative": "float64",
    "joules_relative_low": "float64",
    "joules_relative_high": "float64",
    "temperature_c": "float64",
    "hotter_c": "float64",
    "flags": "string",
    "requests_per_s": "float64",
    "output_tokens_per_s": "float64",
    "client_share": "float64",
}
"""The columns in order, with pandas' type of each. What is not known, and a bound that does not exist, is missing."""


FIRST = (
    "node", "device", "driver", "power_limit", "meter", "blocks", "answers", "seconds_relative", "joules_relative",
    "temperature_c", "hotter_c", "flags",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def machines_frame(measured: Measured) -> pd.DataFrame:
    """Return a row per machine, columns `COLUMNS`; no rows for a run that another tool measured.

    Raises:
        UserError: the record is damaged.
    """
    import pandas as pd

    machines = measured.machines or machines_of(measured.frames)
    run = measured.frames.run
    rows = [machine_row(each) | {"run": run.header.run} for each in machines.machines]
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)), COLUMNS, run.layout.windows_table)


def machine_row(machine: Machine) -> dict[str, Any]:
    """Return the columns of a machine, except the run, as values for programs."""
    row: dict[str, Any] = {
        name: getattr(machine, name) or None for name in ("node", "device", "driver", "power_limit", "meter")
    }
    row |= {name: getattr(machine, name) for name in ("of_class", "blocks", "answers", "temperature_c", "hotter_c")}
    for figure in FIGURES:
        effect = machine.effects.get(figure)
        ratio = None if effect is None else effect.ratio
        known = ratio is not None and ratio.low > 0
        row |= {
            f"{figure}_relative": None if ratio is None else ratio.estimate,
            f"{figure}_relative_low": ratio.low if ratio is not None and known else None,
            f"{figure}_relative_high": ratio.high if ratio is not None and known else None,
        }
    return row | {"flags": ", ".join(machine.flags)} | {name: getattr(machine, name) for name in (*RATES, CLIENT_SHARE)}
