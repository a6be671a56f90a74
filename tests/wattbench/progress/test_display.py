"""What a log shows of a run."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from wattbench import progress
from wattbench.progress import PlannedTurn, display

TWO = [PlannedTurn("a", 10, "x"), PlannedTurn("a", 20, "y")]


def test_plain_lines_name_cells_and_count_items(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.PlainProgress(TWO) as shown:
        shown.note("loading a ...")
        shown.start_cell("a on x", TWO[0], 4)
        for _ in range(6):
            shown.advance(1)
        shown.end_cell()
        shown.start_cell("a on y", TWO[1], 0)
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[:2] == ["loading a ...", "[1/2] a on x: 10 items, 4 answered before"]
    assert lines[2].startswith("    done; 10/30 items of all cells; about")
    assert lines[3] == "[2/2] a on y: 20 items"


def test_one_item_is_no_plural(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.PlainProgress([PlannedTurn("a", 1)], "turns") as shown:
        shown.start_cell("block 1 of 5, a", PlannedTurn("a", 1), 0)
    assert capsys.readouterr().err.splitlines() == ["[1/1] block 1 of 5, a: 1 item"]


def test_a_long_cell_speaks_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(display, "now_s", lambda: float(next(clock)))
    with progress.PlainProgress(TWO[:1]) as shown:
        shown.start_cell("a on x", TWO[0], 0)
        for _ in range(4):
            shown.advance(1)
    assert [line for line in capsys.readouterr().err.splitlines() if "items; about" in line]


def test_the_live_display_counts_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.LiveProgress(TWO) as shown:
        shown.start_cell("a on [x]", TWO[0], 4)
        shown.advance(6)
        shown.note("loading [b] ...")
    said = capsys.readouterr()
    assert said.out == ""
    assert "10/30" in said.err
    assert "loading [b] ..." in said.err


@pytest.mark.parametrize("shown_by", [progress.PlainProgress, progress.LiveProgress])
def test_a_run_goes_on_where_nobody_listens(
    shown_by: type[progress.PlainProgress | progress.LiveProgress], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that was closed, or a log on a full disk."""
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        with shown_by(TWO) as shown:
            shown.note("loading a ...")
            shown.start_cell("a on x", TWO[0], 4)
            shown.advance(6)
            shown.end_cell()
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


@pytest.mark.parametrize("shown_by", [progress.LiveProgress, progress.PlainProgress])
def test_a_name_neither_steers_the_terminal_nor_commands_the_log(
    capsys: pytest.CaptureFixture[str], shown_by: type[progress.Progress]
) -> None:
    hostile = "::add-mask::a [bold]b[/nothing] \u202e\x1b]0;title\x07"
    with shown_by([PlannedTurn(hostile, 1), PlannedTurn("::other\x1b", 1)]) as shown:  # type: ignore[call-arg]
        shown.note(hostile)
        shown.start_cell(hostile, PlannedTurn(hostile, 1), 0)
        shown.advance(1)
        shown.end_cell()
    said = capsys.readouterr().err
    assert "[bold]b[/nothing]" in said
    assert "\x1b]0" not in said
    assert not {"\u202e", "\x07"} & {*said}
    assert not [line for line in said.splitlines() if line.startswith("::")]
