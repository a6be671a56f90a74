"""The entries of a suite's `meters:`."""
