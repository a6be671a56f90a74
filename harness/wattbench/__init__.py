"""How systems are measured: suites in, records out.

May import: the field's libraries, lazily where they are heavy. Must not import: `wattbench_reports`, whose only
door into this package is `wattbench.records` (with `wattbench.errors`, the one exception people see).
The single room that knows both sides is the command line, `wattbench.cli`.
"""
