"""Simulate gates, record the figures and write their tables: part of `tox -e calibration`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.gates.document import tables, with_tables
from benchmarks.gates.figures import FIGURES, as_json, simulated
from benchmarks.gates.kinds import KINDS
from benchmarks.written_tables import DOCUMENT


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.gates`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gates", description=__doc__)
    parser.add_argument("--gates", type=int, default=2000, metavar="N", help="of each kind")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--print", action="store_true", help="print the tables and write nothing")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.processes) as pool:
        figures = simulated(
            options.gates,
            KINDS,
            each=partial(pool.map, chunksize=20),
            note=lambda line: print(line, file=sys.stderr, flush=True),
        )
    if options.print:
        print(tables(figures))
        return
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    FIGURES.write_text(as_json(figures), encoding="utf-8")
    DOCUMENT.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    main()
