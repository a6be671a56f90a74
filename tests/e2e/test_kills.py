"""Commands that are killed at chosen moments lose and double nothing: a few of those of `benchmarks.kills`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.kills.kill import Kill, kill, prepared
from benchmarks.kills.server import start
from benchmarks.kills.subjects import subjects
from benchmarks.kills.work_folder import WorkFolder, environment_of


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Callable[[str, str], Kill]]:
    """Kill a command, by its name, at a moment, and resume it."""
    server = start()
    work = WorkFolder(tmp_path, environment_of(tmp_path))
    by_name = {each.name: each for each in subjects(f"http://127.0.0.1:{server.server_port}/v1")}

    def kill_it(name: str, moment: str) -> Kill:
        return kill(prepared(by_name[name], tmp_path, work), tmp_path / "killed", moment=moment)

    yield kill_it
    server.shutdown()


@pytest.mark.parametrize(
    ("moment", "answered"),
    [
        ("amid fsync */items/*/sums.jsonl 21", 20),  # half a line
        ("before replace */finished.json 1", 120),  # all is written, under temporary names
    ],
)
def test_a_run_that_is_killed_loses_and_doubles_nothing(
    moment: str, answered: int, killed: Callable[[str, str], Kill]
) -> None:
    done = killed("run in blocks", moment)
    assert done.problems == ()
    assert (done.killed, done.answers, done.answers_in_the_end) == (1, answered, 120)


@pytest.mark.parametrize(
    ("moment", "answered"),
    [
        ("after fsync */blocks.jsonl 5", 75),  # and before the look
        ("after mkdir */.look-*", 75),
        ("amid fsync */items/*/sums.jsonl 80", 79),  # in the block after it
    ],
)
def test_a_run_that_is_killed_around_a_look_drops_the_same_system_once(
    moment: str, answered: int, killed: Callable[[str, str], Kill]
) -> None:
    done = killed("run that drops a system", moment)
    assert done.problems == ()
    # Of 40 items the system that is dropped after 5 of 8 blocks was asked 25.
    assert (done.killed, done.answers, done.answers_in_the_end) == (1, answered, 40 + 40 + 25)


@pytest.mark.parametrize(
    "moment", ["before fsync */judges.jsonl 1", "amid fsync */judgements.jsonl 7", "after fsync */judgements.jsonl 80"]
)
def test_a_run_that_is_killed_while_its_answers_are_judged_loses_and_doubles_no_verdict(
    moment: str, killed: Callable[[str, str], Kill]
) -> None:
    done = killed("run with a judge", moment)
    assert (done.killed, done.problems) == (1, ())


def test_a_gate_that_is_killed_with_a_round_that_is_not_recorded_loses_and_doubles_nothing(
    killed: Callable[[str, str], Kill],
) -> None:
    done = killed("gate", "before fsync */rounds.jsonl 1")
    assert (done.killed, done.problems) == (1, ())


def test_an_import_that_is_killed_while_its_table_is_written_leaves_nothing(killed: Callable[[str, str], Kill]) -> None:
    done = killed("import", "amid replace */items.parquet 1")
    assert (done.killed, done.problems) == (1, ())
