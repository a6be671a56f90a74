"""Fix in which order the answers to a task are drawn for labels, and into which strata verdicts divide them.

The order is random, and the same whenever it is computed: an answer's place follows from a hash of run, task and item,
not of the system. So the first n of each system are a sample drawn at random without replacement, more labels only make
it longer, and systems get labels on the same items. Within a stratum of verdicts labels are the first of this order
too: given how many there are, each answer of the stratum has had the same chance.
"""

from __future__ import annotations

import hashlib

from wattbench.records.rows.answers import AnswerKey

STRATA = 5
"""Of verdicts, besides those that are not judged: fail and pass, five grades, and what two orders of a pair say."""


def draw_position(run: str, task: str, key: AnswerKey) -> int:
    """Return where an answer is in the order of draws; the lowest is drawn first.

    Args:
        run: the run's identity.
        task: of the answer.
        key: its document, its repeat, and under load how its request arrived.
    """
    text = "\0".join(map(str, (run, task, *key)))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])


def verdict_stratum(verdict: float | None) -> int | None:
    """Return the fifth of the scale in which a verdict is, from 0; None of an answer that is not judged."""
    return None if verdict is None else min(int(verdict * STRATA), STRATA - 1)
