"""Changes in a series of figures, night after night."""
