"""Fit a router, and keep the items it is fitted to apart from those that judge it."""
