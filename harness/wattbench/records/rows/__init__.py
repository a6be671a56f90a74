"""One class for each kind of row of a record, with the checks of what is read from JSON."""
