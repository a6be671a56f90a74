"""The entries of a suite's `systems:`, whichever their engine."""
