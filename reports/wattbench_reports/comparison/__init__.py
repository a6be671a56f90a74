"""Compare systems: their figures, their differences, and their order."""
