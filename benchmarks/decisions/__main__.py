"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.decisions.document import tables, with_tables
from benchmarks.decisions.figures import FIGURES, ITEMS, as_json, calibration
from benchmarks.written_tables import DOCUMENT


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.decisions`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument("--runs", type=int, nargs=len(ITEMS), default=[1000, 500], metavar="N",
                        help=f"of {' and '.join(map(str, ITEMS))} items, for each kind")  # fmt: skip
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--print", action="store_true", help="print the tables and write nothing")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.processes) as pool:
        figures = calibration(
            dict(zip(ITEMS, options.runs, strict=True)),
            partial(pool.map, chunksize=10),
            lambda line: print(line, file=sys.stderr, flush=True),
        )
    if options.print:
        print(tables(figures))
        return
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    FIGURES.write_text(as_json(figures), encoding="utf-8")
    DOCUMENT.write_text(document, encoding="utf-8")


if __name__ == "__main__":
    main()
