"""Where the progress of a run goes: a terminal, a log, a notebook, and streams that no one reads any more."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path

import nbclient
import nbformat
import pytest

from wattbench.progress import Display, Log, PlannedTurn, Progress, Terminal, progress

TWO = [PlannedTurn("a", 10, "x"), PlannedTurn("b", 20, "x")]


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def ask(shown: Progress) -> None:
    """Report a short run, as a runner does."""
    with shown:
        shown.note("loading a ...")
        shown.start_cell("block 1 of 1, a", TWO[0], 4)
        for _ in range(6):
            shown.answered("a", [0.25])
        shown.window_closed("a", 12.0, "modelled")
        shown.score("a", lambda: (4.5, 6))
        shown.end_cell()
        shown.note("loading a ...")
        shown.note("disturbed to the end", keep=True)


def test_a_log_has_a_line_at_the_start_one_at_the_end_and_each_note_once(capsys: pytest.CaptureFixture[str]) -> None:
    ask(Display(TWO, Log()))
    said = capsys.readouterr()
    assert said.out == ""
    first, *notes, last = said.err.splitlines()
    assert first == "0 of 30 items, 0 s so far, time left not known yet; a 0/10; b 0/20"
    assert notes == ["loading a ...", "disturbed to the end"]
    assert last.startswith("10 of 30 items, ")
    assert last.endswith("; a 10/10 75.0% 250 ms; b 0/20")


def test_a_log_goes_on_while_one_request_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Log, "every_s", 0.01)
    with Display(TWO, Log()) as shown:
        shown.start_cell("block 1 of 1, a", TWO[0], 0)
        lines = 0
        until_s = time.monotonic() + 60
        while lines < 3 and time.monotonic() < until_s:
            time.sleep(0.01)
            lines += capsys.readouterr().err.count("0 of 30 items, ")
    assert lines >= 3


def test_a_terminal_is_drawn_in_place_and_keeps_what_matters_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    ask(progress(TWO))
    written = screen.getvalue()
    assert "\x1b[2K" in written, "what was drawn before is erased"
    end = written.rpartition("\x1b[2K")[2]
    assert "  a       10/10     75.0%        250 ms  12.0 W modelled" in end
    assert "disturbed to the end" in end
    assert "loading a" not in end


def test_scores_are_not_made_where_no_one_sees_them() -> None:
    class Passing(Progress):
        def note(self, text: str, *, keep: bool = False) -> None:
            """Nothing."""

    Passing().score("a", lambda: pytest.fail("nothing shows it"))


@pytest.mark.parametrize("surface", [Log, Terminal])
def test_a_run_goes_on_where_nobody_listens(surface: type[Log | Terminal], monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that was closed, or a log on a full disk."""
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        ask(Display(TWO, surface()))
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "log"])
def test_a_name_neither_steers_the_terminal_nor_commands_the_log(tty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen() if tty else io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    hostile = "::add-mask::a [bold]b[/nothing] \u202e\x1b]0;title\x07"
    with progress([PlannedTurn(hostile, 1), PlannedTurn("::other\x1b", 1)]) as shown:
        shown.note(hostile)
        shown.start_cell(hostile, PlannedTurn(hostile, 1), 0)
        shown.advance(1)
        shown.end_cell()
    said = screen.getvalue()
    assert "[bold]b[/nothing]" in said
    assert "\x1b]0" not in said
    assert not {"\u202e", "\x07"} & {*said}
    assert not [line for line in said.splitlines() if line.startswith("::")]


IN_A_KERNEL = """
import sys, time
from wattbench.progress.notices import notice, stdout_to_stderr
from wattbench.progress import PlannedTurn, progress
with stdout_to_stderr():
    notice("a notice")
    print("a library", file=sys.stderr)
    with progress([PlannedTurn("<script>a</script>", 2)]) as shown:
        shown.start_cell("a", PlannedTurn("<script>a</script>", 2), 0)
        time.sleep(2.5)  # drawn meanwhile
        shown.answered("<script>a</script>", [0.5, 0.5])
        shown.note("to be kept", keep=True)
"""


@pytest.mark.slow
def test_a_notebook_has_one_table_that_is_updated_and_nothing_red() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IN_A_KERNEL)])
    client = nbclient.NotebookClient(notebook, timeout=120)
    kinds, take = [], client.process_message
    client.process_message = lambda message, *more: (kinds.append(message["msg_type"]), take(message, *more))[1]  # type: ignore[method-assign]
    client.execute()
    *streams, shown = notebook.cells[0].outputs
    assert {each.name for each in streams} == {"stdout"}
    assert "".join(each.text for each in streams) == "a notice\na library\n"
    assert {*shown.data} == {"text/plain"}, "no markup: a front end shows it as it is"
    head, row, sums, kept = shown.data["text/plain"].splitlines()
    assert head.split() == ["system", "items"]
    assert row == "> <script>a</script>    2/2"
    assert sums.startswith("2 of 2 items, ")
    assert kept == "to be kept"
    assert kinds.count("display_data") == 1
    assert kinds.count("update_display_data") >= 2
