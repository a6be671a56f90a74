"""Simulate the worlds of the stated rates, record the rates and write their tables: `tox -e calibration`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.adversaries.document import table, tables
from benchmarks.adversaries.figures import FIGURES, MODULES, as_json, claims_of, rates_of
from benchmarks.written_tables import add_processes, finish, mapping_in, note, options_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Run as `python -m benchmarks.adversaries`."""
    parser = options_of("benchmarks.adversaries", __doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"some of {', '.join(MODULES)}; all unless named")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of runs, for a trial")
    add_processes(parser)
    options = parser.parse_args(arguments)
    for module in options.modules or MODULES:
        with mapping_in(options.processes, chunksize=10) as each:
            rates = rates_of(module, each, options.scale)
        note(f"{module}: {len(rates)} rates")
        if options.print:
            print(table(module, claims_of(module), rates).text)
        else:
            (FIGURES / f"{module}.json").write_text(as_json(rates), encoding="utf-8")
    if not options.print:
        finish(tables(), {}, only_print=False)


if __name__ == "__main__":
    main()
