"""Erlang's closed form of a queue, which simulations are held against."""

from __future__ import annotations

import math


def erlang_c(servers: int, load: float) -> float:
    """The probability that a request waits in M/M/c (A. K. Erlang, 1917).

    Args:
        servers: 1 or more.
        load: arrivals per second times mean seconds of service; less than `servers`.
    """
    terms = [load**busy / math.factorial(busy) for busy in range(servers)]
    waiting = load**servers / math.factorial(servers) * servers / (servers - load)
    return waiting / (sum(terms) + waiting)
