"""Read a meter outside this process: a wall meter's log, or a command that prints readings."""
