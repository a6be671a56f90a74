"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.nights.document import tables
from benchmarks.nights.figures import FIGURES, as_json, figures_of, simulated
from benchmarks.nights.machines import read_machines
from benchmarks.written_tables import add_processes, finish, mapping_in, note, options_of

MACHINES_VARIABLE = "WATTBENCH_MACHINE_NIGHTS"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.nights`."""
    parser = options_of("benchmarks.nights", __doc__)
    parser.add_argument("--years", type=int, default=100, metavar="N", help="of each world")
    add_processes(parser)
    options = parser.parse_args(arguments)
    given = os.environ.get(MACHINES_VARIABLE)
    with mapping_in(options.processes, chunksize=5) as each:
        years = simulated(options.years, each, note)
    figures = figures_of(years, read_machines(Path(given)) if given else None)
    finish(tables(figures), {FIGURES: as_json(figures)}, only_print=options.print)


if __name__ == "__main__":
    main()
