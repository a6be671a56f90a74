"""Measure one cell: its plan, its timed requests and its rows."""
