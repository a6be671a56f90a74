"""Play a recording of power on the clock of a run."""
