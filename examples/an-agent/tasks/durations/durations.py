"""Durations as people write them."""

import re

SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds(text: str) -> int:
    """Return the seconds of a duration such as `1h30m` or `45s`."""
    part = re.match(r"(\d+)([hms])", text)
    if part is None:
        raise ValueError(f"{text!r} is no duration")
    return int(part[1]) * SECONDS[part[2]]
