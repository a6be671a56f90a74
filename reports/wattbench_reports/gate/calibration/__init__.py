"""How often gates of a suite err on a machine."""
