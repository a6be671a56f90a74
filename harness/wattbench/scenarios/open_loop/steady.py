"""Keep this process punctual while requests arrive."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 5e-4
"""How long a thread of Python may keep others waiting; 5 ms by default, which is as long as a request may be late."""


@contextmanager
def punctual() -> Iterator[None]:
    """Keep present objects out of garbage collections, and let threads take turns more often.

    With the documents of a task or the code of PyTorch in memory, a full collection stops every thread for tens of
    milliseconds.
    """
    switch_s = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(min(SWITCH_S, switch_s))
    try:
        yield
    finally:
        sys.setswitchinterval(switch_s)
        gc.unfreeze()
