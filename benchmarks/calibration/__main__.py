"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.calibration.document import tables, with_tables
from benchmarks.calibration.figures import FIGURES, ITEMS, as_json, calibration
from benchmarks.written_tables import DOCUMENT, finish, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.calibration`."""
    parser = options_of("benchmarks.calibration", __doc__)
    parser.add_argument("--runs", type=int, nargs=len(ITEMS), default=[1000, 500], metavar="N",
                        help=f"of {' and '.join(map(str, ITEMS))} items, for each machine and layout")  # fmt: skip
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.processes) as pool:
        figures = calibration(
            dict(zip(ITEMS, options.runs, strict=True)),
            partial(pool.map, chunksize=10),
            note,
        )
    document = with_tables(DOCUMENT.read_text(encoding="utf-8"), figures)
    finish(tables(figures), {FIGURES: as_json(figures), DOCUMENT: document}, only_print=options.print)


if __name__ == "__main__":
    main()
