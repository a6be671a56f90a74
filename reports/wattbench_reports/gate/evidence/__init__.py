"""Read the evidence of a gate from each of its sources."""
