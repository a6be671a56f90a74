"""Run models in this process."""
