"""Systems against each other: their figures, their differences, and their order."""
