"""Meter a program of one's own without a suite: what is metered, the gateway while it runs, and what was used."""
