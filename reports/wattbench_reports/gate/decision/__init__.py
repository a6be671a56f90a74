"""Decide a gate from its evidence."""
