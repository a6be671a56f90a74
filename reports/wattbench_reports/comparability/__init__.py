"""Decide whether two systems may be compared, and by which metrics."""
