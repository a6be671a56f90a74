"""The section on the experts of a mixture."""
