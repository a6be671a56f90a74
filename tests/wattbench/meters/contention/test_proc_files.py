"""The parsers against text of all kinds: what a kernel writes, and what it never would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.proc import TICKS, stat_line
from wattbench.meters.contention.proc_files import (
    process_times,
    processor_times,
    read_text,
    thread_times,
)

COUNTS = st.integers(0, 2**64 - 1)
NAMES = st.text(st.characters(blacklist_characters="\n\0", blacklist_categories=("Cs",)), max_size=15)


@given(
    st.lists(st.one_of(st.integers(-(2**70), 2**70), st.text("0123456789 -.eEcpu", max_size=8)), max_size=12),
    st.integers(0, 3),
)
def test_no_line_that_looks_like_a_processor_makes_it_fail(columns: list[object], number: int) -> None:
    times = processor_times(f"cpu{number} {' '.join(map(str, columns))}\n", {number})
    assert times is None or (times.busy_s >= 0.0 and times.idle_s >= 0.0 and times.steal_s >= 0.0)


@given(NAMES, st.integers(1, 2**22), st.integers(0, 2**22), COUNTS, COUNTS)
def test_a_process_may_call_itself_anything(name: str, pid: int, parent: int, ticks: int, started: int) -> None:
    line = stat_line(pid, name=name, parent=parent, started=started).replace(" 0 0 0 0 20 ", f" {ticks} 0 0 0 20 ")
    times = process_times(line)
    assert times is not None
    assert (times.pid, times.name, times.parent, times.started) == (pid, name, parent, started)
    assert times.cpu_s == pytest.approx(ticks / TICKS)


@pytest.mark.parametrize("name", [") S 1 2 (", "a b", "(x", "x)", "()", "", "1 (a) S 1"])
def test_names_that_look_like_the_rest_of_the_line(name: str) -> None:
    times = process_times(stat_line(7, name=name, cpu_s=2.0, reaped_s=3.0))
    assert times is not None
    assert (times.name, times.cpu_s, times.reaped_s, times.key) == (name, 2.0, 3.0, (7, 100))


@pytest.mark.parametrize(
    "text", ["", "7", "7 (a", "7 (a) S", "x (a) " + "1 " * 20, "7 (a) S " + "1 " * 18, "7 (a) S 1 " + "x " * 18]
)
def test_a_line_that_was_cut_off_says_nothing(text: str) -> None:
    assert process_times(text) is None


def test_processors_are_added_and_others_left_out() -> None:
    text = (
        "cpu  100 0 0 0 0 0 0 0 0 0\n"
        "cpu0 100 20 30 400 50 6 7 8 90 10\ncpu1 1 0 0 1 0 0 0 0 0 0\ncpu22 1000 0 0 0 0 0 0 0 0 0\n"
        "intr 5 6\ncpufreq 9 9 9 9\n"
    )
    both = processor_times(text, {0, 1})
    assert both is not None
    assert (both.busy_s, both.idle_s, both.steal_s) == pytest.approx((164 / TICKS, 451 / TICKS, 8 / TICKS))
    every = processor_times(text)
    assert every is not None
    assert every.busy_s == pytest.approx(1164 / TICKS)
    assert processor_times(text, {3}) is None


def test_an_old_kernel_has_fewer_columns() -> None:
    times = processor_times("cpu0 10 0 0 20\n")
    assert times is not None
    assert (times.busy_s, times.steal_s) == (pytest.approx(10 / TICKS), 0.0)


def test_a_kernel_that_does_not_count_threads_shows_zeros() -> None:
    assert thread_times("0 0 0\n") is None
    assert thread_times("0 5000 1\n") is not None
    times = thread_times("2000000000 500000000 9\n")
    assert times is not None
    assert (times.cpu_s, times.wait_s) == pytest.approx((2.0, 0.5))


@pytest.mark.parametrize("text", ["", "1 2", "-1 2 3", "1 2 x", f"{2**64} 1 1", "\u0661 2 3", "1" * 400 + " 1 1"])
def test_counters_that_none_can_be_say_nothing(text: str) -> None:
    assert thread_times(text) is None


def test_a_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert read_text(tmp_path / "none") is None
    assert read_text(tmp_path) is None
    (tmp_path / "bytes").write_bytes(b"\xff 1")
    assert read_text(tmp_path / "bytes") == "\ufffd 1"
    assert process_times(read_text(f"/proc/{os.getpid()}/stat") or "") is not None
