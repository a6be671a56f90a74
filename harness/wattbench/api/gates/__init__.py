"""Measure and judge gates, and judge nights."""
