"""From the evidence of a gate to its verdict."""
