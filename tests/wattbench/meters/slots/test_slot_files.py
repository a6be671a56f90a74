"""What slots write for each other, and what is made of it: of live ones, ended ones, and files of anything else."""

from __future__ import annotations

import fcntl
import itertools
import os
from pathlib import Path

import pytest

from wattbench import clock
from wattbench.errors import UserError
from wattbench.meters.contention.proc_files import ProcessTimes
from wattbench.meters.slots import book as books
from wattbench.meters.slots import presence as presences
from wattbench.meters.slots.book import (
    GRID_S,
    RECORDS,
    SlotBook,
    SlotFacts,
    SlotReader,
    cell_of,
    slot_files,
    write_record,
)
from wattbench.meters.slots.presence import SlotPresence

HOST = "0123"


class Time:
    """The machine's clock, which only a test moves: seconds since it started, from a boundary of the grid."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        for module in (books, presences):
            monkeypatch.setattr(module, "now_s", lambda: clock.stamp_s(self.now_s))
            monkeypatch.setattr(module.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    monkeypatch.setattr(SlotPresence, "_run", lambda self: None)  # a test publishes by hand
    return Time(monkeypatch)


class Slots:
    """Slots of one machine, whose CPU seconds a test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cpu_s = folder, {}

    def begin(self, name: str, **idle_w: float) -> SlotPresence:
        self.cpu_s[name] = 0.0
        return SlotPresence(
            self.folder, HOST, [f"GPU-{name}"], {"pid": 7}, idle_w,
            lambda: {(1, 1): ProcessTimes(1, "x", 0, self.cpu_s[name], 0.0, 1)},
        ).__enter__()  # fmt: skip

    def book(self, own: SlotPresence) -> SlotBook:
        return SlotBook(self.folder, HOST, own.path.name)


@pytest.fixture
def slots(tmp_path: Path, time: Time) -> Slots:
    return Slots(tmp_path)


def span(time: Time, seconds: float) -> tuple[float, float]:
    return clock.stamp_s(time.now_s - seconds), clock.stamp_s(time.now_s)


def test_joules_are_given_out_by_what_the_slots_said(slots, time) -> None:
    a, b = slots.begin("a"), slots.begin("b")
    first, second = slots.book(a), slots.book(b)
    time.now_s = b._next * GRID_S  # both are there
    for each in (a, b):
        each.publish()
    slots.cpu_s |= {"a": 3.0, "b": 1.0}
    time.now_s += 4 * GRID_S
    for each in (a, b):
        each.publish()
    for book in (first, second):
        assert book.wait_until(clock.stamp_s(time.now_s))
    parts = [book.part_j("cpu", 80.0, span(time, 4 * GRID_S), None) for book in (first, second)]
    assert parts == pytest.approx([60.0, 20.0])
    co_running = first.others(*span(time, 4 * GRID_S))
    assert (co_running.slots, co_running.cpu_s) == (1, pytest.approx(1.0))
    # The idle draw that the meter knows is divided evenly.
    assert first.part_j("cpu", 80.0, span(time, 4 * GRID_S), 40.0) == pytest.approx(20.0 + 30.0)


def test_what_is_not_said_yet_is_waited_for_and_a_slot_that_hangs_is_named(slots, time, monkeypatch) -> None:
    a, b = slots.begin("a"), slots.begin("b")
    book = slots.book(a)
    time.now_s = b._next * GRID_S + 1.0
    a.publish()
    looks = itertools.count()

    def sleep(seconds: float) -> None:
        time.now_s += seconds
        a.publish()
        if next(looks) == 3:
            b.publish()

    monkeypatch.setattr(books.time, "sleep", sleep)
    assert book.wait_until(clock.stamp_s(time.now_s - GRID_S))
    assert next(looks) == 4
    assert not book.wait_until(clock.stamp_s(time.now_s + 1.0))  # b says no more
    assert book.behind() == "the slot of process 7"


def test_an_ended_slot_counts_up_to_its_last_word_and_is_not_waited_for(slots, time) -> None:
    a, b = slots.begin("a"), slots.begin("b")
    book = slots.book(a)
    time.now_s = b._next * GRID_S
    a.publish()
    b.publish()
    slots.cpu_s["b"] = 1.0
    time.now_s += GRID_S / 2
    book.refresh()
    assert book.others_now == 1
    b.__exit__()
    assert not b.path.exists()
    time.now_s += 4.5 * GRID_S
    slots.cpu_s["a"] = 1.0
    a.publish()
    assert book.wait_until(clock.stamp_s(time.now_s))
    assert book.others_now == 0
    assert book.others(*span(time, 5 * GRID_S)).slots == 1
    assert book.others(*span(time, 3 * GRID_S)).slots == 0
    assert book.part_j("cpu", 10.0, span(time, 3 * GRID_S), None) == pytest.approx(10.0)


def test_a_slot_that_comes_later_is_known_before_its_first_cell(slots, time) -> None:
    a = slots.begin("a")
    book = slots.book(a)
    b = slots.begin("b")
    began = b._next
    assert began > cell_of(time.now_s - 0.001)
    time.now_s = (began + 1) * GRID_S
    a.publish()
    b.publish()
    assert book.wait_until(clock.stamp_s(time.now_s))
    before = clock.stamp_s((began - 1) * GRID_S), clock.stamp_s(began * GRID_S)
    assert book.others(*before).slots == 0
    assert book.others(*span(time, GRID_S)).slots == 1


def test_a_killed_slots_file_does_not_count_and_is_removed_by_the_next(slots, time, tmp_path) -> None:
    a = slots.begin("a")
    os.close(a._descriptor)  # as the kernel does
    [left] = slot_files(tmp_path, HOST)
    b = slots.begin("b")
    book = slots.book(b)
    assert book.others_now == 0
    assert not left.exists()
    assert slot_files(tmp_path, HOST) == [b.path]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff" * 4096, b'{"gpus": [1], "first": -1, "idle_w": {}, "about": {}}']
)
def test_a_file_of_something_else_is_passed_over(slots, time, tmp_path, content) -> None:
    a = slots.begin("a")
    other = a.path.with_name(a.path.name.replace("wattbench-slot-0123-", "wattbench-slot-0123-x"))
    other.write_bytes(content)
    with other.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert slots.book(a).others_now == 0


def test_links_and_pipes_are_not_read(slots, time, tmp_path) -> None:
    a, b = slots.begin("a"), slots.begin("b")
    (tmp_path / "wattbench-slot-0123-link.slot").symlink_to(b.path)
    os.mkfifo(tmp_path / "wattbench-slot-0123-pipe.slot")
    assert slots.book(a).others_now == 1


@pytest.mark.parametrize("cpu_s", [-5.0, 1e9, 1e308])
def test_cpu_seconds_that_fall_or_cannot_be_are_believed_no_more(slots, time, cpu_s: float) -> None:
    """More than all processors had since the machine started: this slot's part of the joules would be 0."""
    a, b = slots.begin("a"), slots.begin("b")
    book = slots.book(a)
    time.now_s = b._next * GRID_S
    a.publish()
    b.publish()
    book.refresh()
    write_record(b._descriptor, b._next, cpu_s)
    book.refresh()
    assert book.others_now == 0


def test_a_half_written_record_is_none_yet(slots, time) -> None:
    a = slots.begin("a")
    os.pwrite(a._descriptor, (a._next).to_bytes(8, "little"), 4096 + (a._next % RECORDS) * 24)
    reader = SlotReader(a.path)
    assert reader.read(a._next) is None
    write_record(a._descriptor, a._next, 1.5)
    assert reader.read(a._next) == 1.5
    assert reader.newest() == a._next
    reader.close()


def test_a_slots_page_says_what_it_was_given() -> None:
    facts = SlotFacts({"pid": 7, "command": "x" * 5000}, ("GPU-1", "GPU-2"), 12, {"cpu": 30.0})
    page = facts.as_page()
    assert len(page) == 4096
    read = SlotFacts.of_page(page)
    assert (read.gpus, read.first, read.idle_w, len(read.about["command"])) == (facts.gpus, 12, {"cpu": 30.0}, 300)


def test_where_the_kernel_hides_processes_there_is_no_slot(tmp_path, time) -> None:
    with pytest.raises(UserError, match="measure without --slot"):
        SlotPresence(tmp_path, HOST, ["GPU-1"], {}, {}, dict).__enter__()
    assert not list(tmp_path.iterdir())
