"""Routers that are fitted, stored and written with a suite that includes them."""
