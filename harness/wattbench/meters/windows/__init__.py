"""Compute the joules of windows, and judge whether they can be trusted."""
