"""Kill workers, nodes and drivers of runs on a Ray cluster of this machine, and compare what they end with."""
