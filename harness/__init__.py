"""How systems are measured: suites in, records out.

May import: the field's libraries, lazily where they are heavy. Must not import: `reports`, whose only
door into this package is `harness.records` (with `harness.errors`, the one exception people see).
The single room that knows both sides is the command line, `harness.cli`.
"""
