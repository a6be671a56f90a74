"""Send requests: one after the other, at given rates, or to two systems in turns."""
