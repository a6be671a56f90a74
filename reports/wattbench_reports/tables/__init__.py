"""A run's files as data frames."""
