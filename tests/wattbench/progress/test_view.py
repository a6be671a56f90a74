"""What the progress of a run looks like, as text: at two widths, with many systems, in a log, with hostile names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wattbench.progress import PlannedTurn
from wattbench.progress.view import LOG_WIDTH, RunSoFar, end_table, line, table

LONG = "a-generalist-with-seventy-billion-parameters-and-a-long-name"
NAMES = ["rules", "small", f"{LONG}-q4", f"{LONG}-q8"]
WHY = (
    "16 blocks: with fewer the intervals between blocks would be wider than those of the items, and with more the "
    "windows would take longer than the answers"
)
KEPT = "asked again because of other work on this machine (CPU time of other processes): 2 of 16 blocks, 3 times in all"


class Clock:
    """A clock that a test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def half_way() -> RunSoFar:
    """Four systems, the first two with a turn behind them, the third within its first one."""
    clock = Clock()
    turns = [PlannedTurn(name, 100) for _ in range(4) for name in NAMES]
    run = RunSoFar(turns, now=clock)
    run.note("loading rules ...")
    run.note("all systems stay loaded: they fit into memory together")
    for name, item_s, right in (("rules", 0.0008, 80), ("small", 0.0241, 67.5)):
        run.start(f"block 1 of 4, {name}", PlannedTurn(name, 100), 0)
        for _ in range(100):
            clock.now_s += item_s
            run.answered(name, [item_s])
        clock.now_s += 2
        run.closed(name, 4.12 if name == "rules" else 111.4, "modelled" if name == "rules" else "counter+modelled")
        run.scored(name, right, 100)
        run.end()
    run.start(f"block 1 of 4, {LONG}-q4", PlannedTurn(f"{LONG}-q4", 100), 0)
    clock.now_s += 7.2
    run.answered(f"{LONG}-q4", [0.72] * 9 + [None])
    run.note(WHY)
    run.note(KEPT, keep=True)
    return run


@pytest.mark.parametrize("width", [80, 200])
def test_a_run_half_way(half_way: RunSoFar, golden: Callable[[str, str], None], width: int) -> None:
    text = "\n".join(["under way:", *table(half_way, width, 24), "", "when it ended:", *end_table(half_way, width), ""])
    golden(f"view-{width}.txt", text)


def test_lines_of_a_log(golden: Callable[[str, str], None], half_way: RunSoFar) -> None:
    begins = RunSoFar([PlannedTurn(name, 100) for name in NAMES], now=lambda: 0.0)
    golden("log.txt", f"{line(begins)}\n{line(half_way)}\n")


def test_what_is_known_of_nothing_has_no_column() -> None:
    run = RunSoFar([PlannedTurn("member", 2_000)], "documents", now=lambda: 0.0)
    assert table(run, 80, 24) == [
        "  system    items",
        "  member  0/2,000",
        "0 of 2,000 documents, 0 s so far, time left not known yet",
    ]


def test_joules_that_are_not_valid_and_figures_that_are_missing_are_not_zero(half_way: RunSoFar) -> None:
    half_way.closed("rules", None, "modelled")
    rows = table(half_way, 200, 24)
    assert rows[1].endswith("not valid")
    assert rows[3].split()[-3:] == ["720", "ms", "-"], "nothing was scored, and no window closed"
    assert rows[4].split()[-3:] == ["-", "-", "-"]


def test_forty_systems_fit_into_a_terminal_and_the_one_that_is_asked_is_shown() -> None:
    names = [f"system-{number}" for number in range(40)]
    run = RunSoFar([PlannedTurn(name, 10) for name in names], now=lambda: 0.0)
    run.start("block 1 of 4, system-33", PlannedTurn("system-33", 10), 0)
    run.note(WHY)
    run.note(WHY[::-1])
    lines = table(run, 80, 23)
    assert len(lines) <= 23
    (under_way,) = [each for each in lines if each.startswith("> ")]
    assert under_way.startswith("> system-33")
    shown = sum("system-" in each for each in lines[:-5])
    assert f"  and {40 - shown} more systems" in lines
    assert sum("system-" in each for each in end_table(run, 80)) == 40, "nothing is left out at the end"


def test_systems_that_are_asked_in_turns_share_the_items() -> None:
    run = RunSoFar([PlannedTurn("the gate", 80, systems=("old", "new"))], now=lambda: 0.0)
    run.start("rounds 1 to 8", run.turns[0], 0)
    run.answered("old", [0.5] * 10)
    assert run.items() == {"old": 45, "new": 35}
    assert line(run).startswith("10 of 80 items, 0 s so far, ")
    run.answered("new", [0.5] * 10)
    assert run.items() == {"old": 40, "new": 40}


def test_a_run_that_is_complete_ends_without_figures_so_far() -> None:
    """They may be of a part of its answers; the figures of the run follow."""
    run = RunSoFar([PlannedTurn("a", 2)], now=lambda: 0.0)
    run.start("a on x", run.turns[0], 1)
    run.answered("a", [0.5])
    run.scored("a", 1.0, 1)
    assert table(run, 80, 24)[1] == "> a         2/2    100.0%        500 ms"
    run.end()
    assert end_table(run, 80) == ["  system  items", "  a         2/2", "2 of 2 items, 0 s so far"]
    assert line(run, ended=True) == "2 of 2 items, 0 s so far; a 2/2"


def test_what_was_answered_before_is_counted_and_not_timed() -> None:
    run = RunSoFar([PlannedTurn("a", 10)], now=lambda: 0.0)
    run.start("a on x", run.turns[0], 4)
    assert (run.systems["a"].done, run.systems["a"].latency_s, run.items()) == (4, None, {"a": 10})


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(1.04e-5, "10.4 µs"), (0.00312, "3.12 ms"), (0.99999, "1.00 s"), (12.34, "12.3 s"), (200, "3 min 20 s")],
)
def test_latency_has_its_unit(seconds: float, shown: str) -> None:
    run = RunSoFar([PlannedTurn("a", 10)], now=lambda: 0.0)
    run.answered("a", [seconds])
    assert table(run, 80, 24)[1].endswith(shown)


hostile = st.text(max_size=60) | st.sampled_from(
    ["::add-mask::a", "##[group]", "\x1b]0;title\x07",
     "[bold]b[/nothing]", "\u202e", "a\nb\r", "漢字" * 40, "é" * 90, ""]
)  # fmt: skip


@given(
    names=st.lists(hostile, min_size=1, max_size=6, unique=True),
    notes=st.lists(hostile | st.text(min_size=200, max_size=400), max_size=4),
    title=hostile,
    width=st.integers(70, 200),
    height=st.integers(10, 40),
)
def test_no_name_or_note_breaks_the_width_or_steers_anything(
    names: list[str], notes: list[str], title: str, width: int, height: int
) -> None:
    run = RunSoFar([PlannedTurn(name, 3) for name in names], now=lambda: 0.0)
    for note in notes:
        run.note(note, keep=True)
    run.start(title, PlannedTurn(names[0], 3), 0)
    run.answered(names[0], [0.1])
    shown, said = table(run, width, height), line(run)
    for each in (*shown, *end_table(run, width)):
        assert each.isprintable()
        assert cell_len(each) <= width
    assert len(shown) <= height
    assert said.isprintable()
    assert cell_len(said) <= LOG_WIDTH
    assert not said.startswith("::")
    assert "##[" not in said
