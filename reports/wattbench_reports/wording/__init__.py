"""Sentences that several output formats share."""
