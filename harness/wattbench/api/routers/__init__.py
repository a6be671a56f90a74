"""Fit routers, and write them with a suite that includes them."""
