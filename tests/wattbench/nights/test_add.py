"""Runs are taken in whole, once, under their own names, by many processes at once."""

from __future__ import annotations

import contextlib
import errno
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.whole_run import label_whole_run, write_whole_run
from wattbench.errors import UserError
from wattbench.nights import NightsLayout, add_runs, kept_runs
from wattbench.nights import add as adding
from wattbench.records import read_run


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_finished_run_is_copied_whole(tmp_path: Path, layout: NightsLayout, make_run) -> None:
    root = make_run(tmp_path, "2026-03-01")
    (added,) = add_runs(layout, [root])
    assert added.new
    assert added.root == layout.runs / root.name
    assert files(added.root) == {name: data for name, data in files(root).items() if name != "run.lock"}
    assert not list(layout.aside.iterdir())

    (again,) = add_runs(layout, [root])
    assert not again.new
    (itself,) = add_runs(layout, [added.root])
    assert not itself.new


def test_a_copy_that_was_renamed_is_the_run_it_says_it_is(tmp_path: Path, layout: NightsLayout, make_run) -> None:
    root = make_run(tmp_path, "2026-03-01")
    name = root.name
    (added,) = add_runs(layout, [root.rename(tmp_path / "last-night")])
    assert added.root.name == name


def test_another_run_of_the_same_name_is_refused_and_nothing_is_overwritten(
    tmp_path: Path, layout: NightsLayout, make_run
) -> None:
    (added,) = add_runs(layout, [make_run(tmp_path, "2026-03-01")])
    before = files(added.root)
    other = make_run(tmp_path / "other", "2026-03-01", environment={"cpu": "another"})
    with pytest.raises(UserError, match="another run of this name with other content"):
        add_runs(layout, [other])
    assert files(added.root) == before


def test_what_is_no_finished_run_is_refused_before_anything_is_copied(
    tmp_path: Path, layout: NightsLayout, make_run
) -> None:
    good = make_run(tmp_path, "2026-03-01")
    for bad, expected in (
        (make_run(tmp_path, "2026-03-02", finished=False), "not finished. Finish it with: wattbench run --resume"),
        (tmp_path / "nowhere", "no such run directory"),
        (renamed(make_run(tmp_path, "2026-03-03"), "../../outside"), "not a valid run name"),
        (renamed(make_run(tmp_path, "2026-03-04"), ".hidden"), "not a valid run name"),
        (renamed(make_run(tmp_path, "2026-03-05"), 7), "run is 7: it must be text"),
        (make_run(tmp_path, "2026-03-07", gate={"baseline": {}}), "cannot be a night"),
        (linking(make_run(tmp_path, "2026-03-06")), "files and folders only"),
    ):
        with pytest.raises(UserError, match=expected):
            add_runs(layout, [good, bad])
    assert not kept_runs(layout)


def renamed(root: Path, run: object) -> Path:
    header = json.loads((root / "run.json").read_text())
    (root / "run.json").write_text(json.dumps(header | {"run": run}))
    return root


def linking(root: Path) -> Path:
    (root / "passwords").symlink_to("/etc/passwd")
    return root


@pytest.mark.slow
def test_eight_processes_at_once_lose_and_double_nothing(tmp_path: Path, layout: NightsLayout, make_run) -> None:
    shared = [make_run(tmp_path / "all", f"2026-03-{day:02d}") for day in range(1, 11)]
    own = [[make_run(tmp_path / str(n), f"2026-04-{day:02d}", id=f"{n}00000") for day in range(1, 6)] for n in range(8)]
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(8)

    def add(runs: list[Path]) -> None:
        start.wait()
        add_runs(layout, [run for pair in zip(shared, runs * 2, strict=True) for run in pair])

    writers = [fork.Process(target=add, args=(runs,)) for runs in own]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 8
    assert sorted(path.name for path in layout.runs.iterdir()) == sorted(
        run.name for runs in (shared, *own) for run in runs
    )
    assert all(each.finished for each in kept_runs(layout))
    assert not list(layout.aside.iterdir())


def test_a_writer_that_is_killed_leaves_no_run_that_counts(
    tmp_path: Path, layout: NightsLayout, make_run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_run(tmp_path, "2026-03-01")
    monkeypatch.setattr(
        adding, "move_into_place", lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    )  # all is copied, nothing renamed
    writer = multiprocessing.get_context("fork").Process(target=add_runs, args=(layout, [root]))
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL
    assert not kept_runs(layout)
    monkeypatch.undo()
    assert list(layout.aside.iterdir())
    (added,) = add_runs(layout, [root])
    assert added.new
    assert not list(layout.aside.iterdir())  # what was left is cleared: its lock ended with its process


def test_a_disk_that_is_full_at_any_write_leaves_no_part_of_a_night(
    tmp_path: Path, layout: NightsLayout, make_run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_run(tmp_path, "2026-03-01")
    calls, full_at = 0, -1

    def refused(write: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == full_at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
            return write(*args, **more)

        return instead

    with monkeypatch.context() as patch:
        for owner, name in ((adding, "copy_record"), (Path, "mkdir"), (Path, "replace"), (os, "fsync")):
            patch.setattr(owner, name, refused(getattr(owner, name)))
        add_runs(NightsLayout(tmp_path / "other"), [root])
        writes = calls
        whole = files(tmp_path / "other" / "runs" / root.name)
        assert writes > 10
        for full_at in range(1, writes + 1):
            calls = 0
            layout = NightsLayout(tmp_path / f"nights-{full_at}")
            there, said = layout.runs / root.name, r"No space left on device\). Free some space, or name"
            with pytest.raises(UserError, match=said) if full_at < writes - 1 else contextlib.suppress(UserError):
                add_runs(layout, [root])
            assert files(there) == (whole if there.exists() else {})  # after the rename it is there, whole
            assert not list(layout.aside.glob("*"))
            calls = -writes
            (added,) = add_runs(layout, [root])
            assert files(added.root) == whole


def test_labels_that_were_given_since_are_added_to_the_run_that_is_there(tmp_path: Path, layout: NightsLayout) -> None:
    root = write_whole_run(tmp_path / "measured", judged=True)
    label_whole_run(root, labels=2)
    (added,) = add_runs(layout, [root])
    label_whole_run(root, labels=4)
    (again,) = add_runs(layout, [root])
    assert not again.new
    assert read_run(added.root).labels() == read_run(root).labels()
    assert len(read_run(added.root).labels()) == 8
    before = files(added.root)
    add_runs(layout, [root])
    assert files(added.root) == before
