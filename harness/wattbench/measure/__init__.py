"""One cell measured: its plan, its requests as they are timed, and its rows."""
