"""Read the joules of another machine over HTTP."""
