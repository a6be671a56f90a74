"""Measure several device slots of one machine at once: what they share is given out by own CPU seconds.

Each slot writes what it uses of the processor into a file that the others read (`presence`, `book`), on a grid of time
that all have in common; the shares that follow are the same for all (`shares`), and counts of what is shared are
converted as they are read (`shared_meter`).
"""
