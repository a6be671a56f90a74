"""Compute what one system scores: accuracy, seconds, joules, grams."""
