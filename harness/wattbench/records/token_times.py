"""Compute the time per output token (TPOT) of an answer, or say that it has none.

The rule: seconds from the first arrival of output to the last one, divided by the tokens after the first. It needs two
tokens and two distinct moments of arrival. An answer of one token, one that came in one chunk, and one whose arrivals
are not known have no TPOT.

LoadGen and the benchmark of vLLM divide the time from the first token to the end of the request instead. For an answer
that came in one chunk that is close to 0 s: the server that streams worst would meet every deadline, and lead every
ranking. That definition is taken only where a run holds the first token's arrival and no others, as runs imported from
other tools do: there the end of the answer is the last arrival.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RESOLUTION_S = 1e-6
"""Stamps closer than this are one moment: a double holds seconds since the epoch to a quarter of a microsecond."""


def time_per_output_token_s(
    first_token_s: float | None, token_s: Sequence[float], finished_s: float | None, output_tokens: int | None
) -> float | None:
    """Return the seconds per output token after the first, of one answer; None if it has no TPOT.

    Args:
        first_token_s: when the first output arrived, or None.
        token_s: when each piece of output arrived, in order; empty where no arrivals are recorded.
        finished_s: when the answer was complete, or None.
        output_tokens: how many tokens it has; None where they were not counted.
    """
    seconds = times_per_output_token_s(
        *(np.array([np.nan if figure is None else figure], dtype=np.float64) for figure in (
            first_token_s, token_s[-1] if len(token_s) else None, len(token_s), finished_s, output_tokens
        ))
    )  # fmt: skip
    return None if np.isnan(seconds[0]) else float(seconds[0])


def times_per_output_token_s(
    first_token_s: NDArray[np.float64],
    last_token_s: NDArray[np.float64],
    arrivals: NDArray[np.float64],
    finished_s: NDArray[np.float64],
    output_tokens: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the seconds per output token after the first, of many answers; NaN for an answer without a TPOT.

    Args:
        first_token_s: shape (answers,): when the first output arrived, or NaN.
        last_token_s: shape (answers,): the last recorded arrival, or NaN.
        arrivals: shape (answers,): how many arrivals are recorded.
        finished_s: shape (answers,): when the answer was complete, or NaN.
        output_tokens: shape (answers,): NaN where they were not counted; each arrival then counts as a token.
    """
    tokens = np.where(np.isfinite(output_tokens), output_tokens, arrivals)
    last_s = np.where(arrivals > 0, last_token_s, finished_s)
    span_s = last_s - first_token_s
    known = (tokens >= 2) & (span_s > RESOLUTION_S) & np.isfinite(span_s)
    return np.asarray(np.divide(span_s, tokens - 1, out=np.full(len(span_s), np.nan), where=known))
