"""Measure the error rates of a suite's gates on a machine."""
