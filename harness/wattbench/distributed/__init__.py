"""Distribute the blocks of a suite over device slots and machines, and merge them to one run."""
