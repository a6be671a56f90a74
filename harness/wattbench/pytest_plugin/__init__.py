"""The pytest plugin: the Python API as a fixture, so that tests measure systems and assert on their figures.

Every pytest run in an environment with wattbench loads `wattbench.pytest_plugin.plugin`, so it imports nothing heavy;
everything else is imported where a test uses the fixture. May import: `wattbench.api` and below, and
`wattbench_reports`. Nothing else of wattbench may import it, or pytest.
"""
