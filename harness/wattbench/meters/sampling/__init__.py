"""Sample meters in a thread, and write the trace."""
