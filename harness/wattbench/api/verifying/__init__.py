"""The checks of `wattbench.verify`, one kind per file."""
