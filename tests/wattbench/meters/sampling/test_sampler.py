from __future__ import annotations

import threading
from typing import Any

from wattbench.meters.sampling.sampler import Sampler


def test_a_lock_that_an_interrupt_left_taken_does_not_stop_the_end(steady: Any) -> None:
    """Ctrl-C between taking a lock and entering its block leaves it taken: the sampler then waits for it for ever."""
    sampler = Sampler([steady])

    def interrupted() -> None:
        sampler.start()
        sampler._change.acquire()
        sampler.stop()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
