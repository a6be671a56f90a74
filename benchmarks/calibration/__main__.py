"""Simulate, record the figures and write their tables: `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calibration.document import tables
from benchmarks.calibration.figures import FIGURES, ITEMS, as_json, calibration
from benchmarks.written_tables import add_runs, finish, mapping_in, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.calibration`."""
    parser = options_of("benchmarks.calibration", __doc__)
    add_runs(parser, ITEMS, "for each machine and layout")
    options = parser.parse_args(arguments)
    with mapping_in(options.processes, chunksize=10) as each:
        figures = calibration(dict(zip(ITEMS, options.runs, strict=True)), each, note)
    finish(tables(figures), {FIGURES: as_json(figures)}, only_print=options.print)


if __name__ == "__main__":
    main()
