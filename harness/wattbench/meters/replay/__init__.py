"""A recording of power, played on the clock of a run."""
