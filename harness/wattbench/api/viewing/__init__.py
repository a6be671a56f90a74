"""Show a run in the browser: its report, or while it is not finished how far it is."""
