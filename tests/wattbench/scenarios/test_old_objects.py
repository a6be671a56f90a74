"""While a run is measured, what was there before takes no part in the collection of garbage; what comes later does."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Iterator

import pytest

from wattbench.scenarios.run_to_end import old_objects_kept


@pytest.fixture
def frozen() -> Iterator[int]:
    """Something is kept out already, as in all tests of this project."""
    gc.freeze()
    yield gc.get_freeze_count()
    gc.freeze()


@pytest.mark.slow
def test_what_a_caller_keeps_out_stays_out(frozen: int) -> None:
    with old_objects_kept():
        assert gc.get_freeze_count() == pytest.approx(frozen, rel=0.01)
    assert gc.get_freeze_count() == pytest.approx(frozen, rel=0.01)


class Node:
    """Part of a cycle."""

    def __init__(self) -> None:
        self.me = self


def test_garbage_of_a_run_is_collected() -> None:
    with old_objects_kept():
        node = Node()
        seen = weakref.ref(node)
        del node
        gc.collect()
        assert seen() is None


def test_old_objects_take_part_again_after_a_run_however_it_ends() -> None:
    code = """
        import gc
        from wattbench.scenarios.run_to_end import old_objects_kept

        assert gc.get_freeze_count() < 1000
        try:
            with old_objects_kept():
                assert gc.get_freeze_count() > 5000
                raise KeyError("stopped")
        except KeyError:
            pass
        print(gc.get_freeze_count())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
