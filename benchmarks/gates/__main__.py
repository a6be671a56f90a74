"""Simulate gates, record the figures and write their tables: part of `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.gates.document import tables
from benchmarks.gates.figures import FIGURES, as_json, simulated
from benchmarks.gates.kinds import KINDS
from benchmarks.written_tables import add_processes, finish, mapping_in, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.gates`."""
    parser = options_of("benchmarks.gates", __doc__)
    parser.add_argument("--gates", type=int, default=500, metavar="N", help="of each kind")
    add_processes(parser)
    options = parser.parse_args(arguments)
    with mapping_in(options.processes, chunksize=20) as each:
        figures = simulated(options.gates, KINDS, each=each, note=note)
    finish(tables(figures), {FIGURES: as_json(figures)}, only_print=options.print)


if __name__ == "__main__":
    main()
