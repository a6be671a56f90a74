"""Predict the score of each system on items that a router was not fitted to."""
