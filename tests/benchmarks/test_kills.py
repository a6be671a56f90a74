"""The table of docs/data is that of the recorded kills, and what checks a killed run finds what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kills.checks import after_kill, after_resumption, left_behind
from benchmarks.kills.document import table
from benchmarks.kills.figures import Figures, as_json, merged, read
from benchmarks.kills.kill import Kill
from benchmarks.kills.moments import Moment
from benchmarks.kills.records import whole_lines
from benchmarks.kills.subjects import subjects
from benchmarks.written_tables import stale
from tests.made_up.whole_run import write_whole_run

RECORDED = read()
ROOT = Path(__file__).parents[2]


def test_the_table_has_the_recorded_figures() -> None:
    assert stale([table(RECORDED)]) == [], "tox -e kills writes the table and the figures together"


def test_every_command_was_killed_at_every_chosen_moment_and_at_random_ones() -> None:
    for subject in subjects("http://127.0.0.1:1/v1"):
        own = [each for each in RECORDED.kills if each.subject == subject.name]
        assert [each.moment for each in own if each.chosen] == [*subject.moments]
        assert any(each.killed and not each.chosen for each in own), subject.name
    assert sum(each.killed > 0 for each in RECORDED.kills) >= 60


def test_nothing_was_lost_doubled_or_left() -> None:
    assert [each for each in RECORDED.kills if each.problems] == []


def test_what_is_recorded_of_one_command_replaces_what_was_recorded_of_it(tmp_path: Path) -> None:
    first, second, again = (Kill(name, "1.00 s", 1, answers, 9, ()) for name, answers in (("a", 1), ("b", 2), ("a", 3)))
    figures = merged(Figures(1, (first, second)), Figures(2, (again,)))
    assert figures.kills == (again, second)
    (tmp_path / "figures.json").write_text(as_json(figures))
    assert read(tmp_path / "figures.json") == figures


def dying(folder: Path, moment: str, program: str) -> int:
    code = f"from benchmarks.kills.moments import *\nimport os, pathlib\ndie_at(Moment.parse({moment!r}))\n{program}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
        start_new_session=True,
    ).returncode  # fmt: skip


REPLACING = "for n in range(3):\n    pathlib.Path('new').write_text(4 * str(n))\n    os.replace('new', 'a.json')\n"


@pytest.mark.parametrize(
    ("when", "left", "new"), [("before", "0000", "1111"), ("amid", "0000", "11"), ("after", "1111", None)]
)
def test_a_process_dies_at_its_moment(when: str, left: str, new: str | None, tmp_path: Path) -> None:
    assert dying(tmp_path, f"{when} replace */a.json 2", REPLACING) == -signal.SIGKILL
    assert (tmp_path / "a.json").read_text() == left
    assert ((tmp_path / "new").read_text() if (tmp_path / "new").exists() else None) == new


def test_a_moment_amid_a_line_leaves_half_of_the_line(tmp_path: Path) -> None:
    program = "with open('a.jsonl', 'w') as file:\n    file.write('whole\\n12345678\\n')\n    file.flush()\n"
    program += "    os.fsync(file.fileno())\n"
    assert dying(tmp_path, "amid fsync */a.jsonl", program) == -signal.SIGKILL
    assert (tmp_path / "a.jsonl").read_text() == "whole\n1234"


def test_what_is_no_moment_is_refused() -> None:
    for text in ("during replace a", "before close a", "before replace a first"):
        with pytest.raises(ValueError, match=r"not a moment|invalid literal"):
            Moment.parse(text)


def without_digests(run: Path) -> None:
    """Forget the digests: a test changes files, and looks for what else is found."""
    record = json.loads((run / "finished.json").read_text())
    (run / "finished.json").write_text(json.dumps({k: record[k] for k in ("finished_utc", "items", "windows")}))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_whole_run(tmp_path / "runs")


def found(run: Path, before: dict[Path, bytes] | None = None) -> str:
    return "\n".join(after_resumption(run, whole_lines(run) if before is None else before))


@pytest.mark.slow
def test_a_whole_run_has_no_problem(run: Path) -> None:
    assert found(run) == ""
    assert not list(after_kill(run))
    assert not list(left_behind(run.parents[1]))


@pytest.mark.slow
def test_lines_that_are_lost_and_windows_that_are_doubled_or_open_are_found(run: Path) -> None:
    without_digests(run)
    before = whole_lines(run)
    answers = run / "items/big/add.jsonl"
    last = json.loads(before[answers].splitlines()[-1])
    before[answers] += json.dumps(last | {"doc_id": 99}).encode() + b"\n"
    lost = found(run, before)
    assert "lines of items/big/add.jsonl were lost or changed" in lost
    assert "1 answers that were recorded are lost, document 99" in lost
    opened = (run / "open-windows.jsonl").read_text().splitlines(keepends=True)
    (run / "open-windows.jsonl").write_text("".join([*opened, opened[0], opened[0].replace("w0000", "w9999")]))
    assert "w0000 was opened 2 times" in found(run)
    assert "windows were never closed: ['w9999']" in found(run)


def test_joules_that_do_not_sum_are_found_without_verify(run: Path) -> None:
    without_digests(run)
    windows = run / "windows.jsonl"
    windows.write_text(windows.read_text().replace('"cpu": 64.0', '"cpu": 32.0'))
    assert "w0000 has 32 J, and its items 64 J" in found(run)


def test_what_is_left_behind_is_found(run: Path) -> None:
    (run / ".wattbench-0.tmp").write_text("")
    (run.parent / ".x.importing").mkdir()
    shutil.copytree(run, run.parent / ".x.importing" / "half")
    assert {*left_behind(run.parents[1])} == {
        f"left runs/{run.name}/.wattbench-0.tmp",
        "left runs/.x.importing/half/.wattbench-0.tmp",
        "left runs/.x.importing/half",
    }
    (run / "finished.json").unlink()
    assert list(after_kill(run)) == []
