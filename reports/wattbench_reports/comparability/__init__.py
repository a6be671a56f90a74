"""Whether two systems may be compared at all, and by which metrics."""
