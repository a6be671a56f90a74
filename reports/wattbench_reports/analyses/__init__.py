"""Findings of a run, one question each."""
