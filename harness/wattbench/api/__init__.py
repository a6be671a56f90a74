"""The Python API: what `import wattbench` offers, and the logic that the command line and the pytest plugin share.

`wattbench` re-exports the public names; everything else in here may change without notice. May import: all rooms of
`wattbench` below the command line, and `wattbench_reports`, lazily. Must not import click or pytest.
"""
