"""How requests arrive: one after the other, at stated rates, or of two systems in turns."""
