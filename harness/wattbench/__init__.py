"""How systems are measured: suites in, records out.

May import: the field's libraries, lazily where they are heavy. Must not import: `wattbench_reports`, whose only
door into this package is `wattbench.records` (with `wattbench.errors`, the one exception people see).
Only `wattbench.api`, the command line and the pytest plugin know both sides.
"""
