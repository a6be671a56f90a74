"""Many comparisons at one error rate."""
