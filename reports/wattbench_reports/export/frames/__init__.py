"""Build the tables of a run as data frames, and write any of them to a file."""
