"""The pytest plugin: an entrance beside the command line, through which tests measure systems and assert on figures.

Every pytest run in an environment with wattbench loads `wattbench.pytest_plugin.plugin`, so that it imports nothing
heavy; all else is imported where a test asks for the fixture. May import: all of `wattbench` and `wattbench_reports`.
Nothing else of wattbench may import it, or pytest.
"""
