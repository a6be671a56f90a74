"""Resample items or labels."""
