"""Intervals of numbers."""


def merged(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the intervals in their order, those that overlap or touch as one."""
    out: list[tuple[int, int]] = []
    for first, last in intervals:
        if out and first < out[-1][1]:
            out[-1] = (out[-1][0], last)
        else:
            out.append((first, last))
    return out
