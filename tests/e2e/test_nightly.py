"""`wattbench nightly` and `wattbench runs history`: nights are kept, judged and shown, whatever goes wrong."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.commands import wait_until
from tests.made_up.digests import without_digests
from wattbench.records import read_run

QUICK = ("idle_s: 1.1, warmup: 2, min_window_s: 1.1", "idle_s: 0, warmup: 0, min_window_s: 0")
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


@pytest.fixture
def night(wattbench, suite) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a night of the test suite."""
    return lambda date, *more, change=QUICK: wattbench(
        "nightly", suite(QUICK, *([change] if change != QUICK else [])), "--history", "nights", "--date", date, *more
    )


def copied(run: Path, to: Path, date: str, id: str) -> Path:  # noqa: A002
    """Copy a finished run as another night."""
    name = f"{date.replace('-', '')}T010203Z-sums-{id}"
    header = json.loads((run / "run.json").read_text())
    night = {"date": date, "commit": None, "backfilled": False}
    copy = Path(shutil.copytree(run, to / name))
    (copy / "run.json").write_text(json.dumps(header | {"run": name, "night": night}))
    return without_digests(copy)


def test_nights_are_kept_judged_and_shown(night, wattbench, tmp_path: Path) -> None:
    first = night("2026-03-01")
    assert first.returncode == 2, first.stderr
    assert first.stdout.startswith("INCONCLUSIVE: The night of 2026-03-01 is the first of its suite here")
    second = night("2026-03-03", "--junit", "n.xml", "--markdown", "n.md", "--json", "n.json")
    assert second.returncode == 2, second.stderr
    early = "too few nights (1 of 4 before this one)"
    text = " ".join(second.stdout.split())
    assert text.startswith(f"INCONCLUSIVE: The night of 2026-03-03 has no verdict: {early}.")
    assert "Against the last four weeks (2026-03-01): Nothing could be shown: " in text
    verdict = json.loads((tmp_path / "n.json").read_text())
    assert verdict["verdict"] == "inconclusive"
    assert {metric["metric"].rsplit(" · ", 1)[0] for metric in verdict["metrics"]} == {
        "adder · last four weeks", "small · last four weeks",
    }  # fmt: skip
    assert {change["state"] for change in verdict["night"]["changes"]} == {"too_few_nights"}
    assert '<testsuite name="wattbench nightly: ' in (tmp_path / "n.xml").read_text()
    assert early in (tmp_path / "n.md").read_text()
    page = (tmp_path / "nights/site/index.html").read_text()
    assert "2026-03-03" in page

    runs = sorted((tmp_path / "nights/runs").iterdir())
    assert [read_run(run).header.night["date"] for run in runs] == ["2026-03-01", "2026-03-03"]
    listed = json.loads(wattbench("runs", "history", "nights", "--format", "json").stdout)
    assert [(row["date"], row["verdict"], row["notes"]) for row in listed] == [
        ("2026-03-01", "inconclusive", ""),
        ("2026-03-02", None, "gap: 1 night without a run"),
        ("2026-03-03", "inconclusive", ""),
    ]
    assert listed[0]["systems"] == "adder, small"

    shutil.rmtree(tmp_path / "nights/.index")  # a cache
    series = wattbench(
        "runs", "history", "nights", "--system", "adder", "--metric", "accuracy", "--format", "csv"
    ).stdout
    points = [(row["date"], row["value"]) for row in csv.DictReader(series.splitlines())]
    assert points == [("2026-03-01", "1.0"), ("2026-03-02", ""), ("2026-03-03", "1.0")]
    question = "SELECT run, avg(correct) AS share FROM items WHERE system = 'adder' GROUP BY run"
    asked = wattbench("runs", "history", "nights", "--sql", question, "--format", "json")
    assert {(row["run"], row["share"]) for row in json.loads(asked.stdout)} == {(run.name, 1.0) for run in runs}


def test_a_second_night_that_is_much_worse_says_by_how_much_and_what_changed(night, tmp_path: Path) -> None:
    """Every answer is wrong from one night to the next: the system has changed, and that is what nights are for."""
    night("2026-03-01")
    worse = night("2026-03-02", change=('./answers.py:add"', './answers.py:wrong"'))
    assert worse.returncode == 2, worse.stdout + worse.stderr
    text = " ".join(worse.stdout.split())
    early = "too few nights (1 of 4 before this one)"
    assert text.startswith(f"INCONCLUSIVE: The night of 2026-03-02 has no verdict: {early}.")
    assert "the biggest change is adder accuracy −100.0 points" in text
    assert "Since the previous night, 2026-03-01: - settings of adder: call answers.py:add → answers.py:wrong" in text
    page = (tmp_path / "nights/site/index.html").read_text()
    assert page.index("−100.0 points") < page.index('<svg class="spark')
    assert len(list((tmp_path / "nights/runs").iterdir())) == 2


def test_what_breaks_after_the_run_leaves_the_night_safe(night, wattbench, tmp_path: Path) -> None:
    (tmp_path / "nights").mkdir()
    (tmp_path / "nights/reference.yaml").write_text("run: [\n")
    broken = night("2026-03-01")
    assert broken.returncode == 3
    assert "Traceback" not in broken.stderr
    assert (
        "every finished night is kept in nights/runs; to judge again: wattbench nightly --history nights"
        in broken.stderr
    )
    (run,) = (tmp_path / "nights/runs").iterdir()
    assert read_run(run).finished

    reference = f"run: {run.name}\nreason: the first\nreviewed_by: me\ndate: 2026-03-02\n"
    (tmp_path / "nights/reference.yaml").write_text(reference)
    again = wattbench("nightly", "--history", "nights")
    assert again.returncode == 2, again.stderr
    assert (tmp_path / "nights/reference.yaml").read_text() == reference  # never ours to write
    pruned = wattbench("runs", "history", "nights", "--prune", "--keep-nights", 1)
    assert pruned.stdout == f"kept {run.name}: it is the reference\n"


def test_an_interrupted_night_goes_on(wattbench, suite, start, tmp_path: Path) -> None:
    slow = suite(QUICK, ('answers.py:add"', 'answers.py:add_slowly"'))
    process = start("nightly", slow, "--history", "nights", "--date", "2026-03-01")
    wait_until(
        lambda: any(file.read_bytes().count(b"\n") > 5 for file in tmp_path.glob("nights/runs/*/items/*/*")), process
    )
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    (run,) = (tmp_path / "nights/runs").iterdir()
    assert process.returncode == 130
    assert f"resume with: wattbench nightly --history nights --resume nights/runs/{run.name}" in stderr

    listed = wattbench("runs", "history", "nights").stdout
    assert "not finished" in listed
    assert wattbench("nightly", "--history", "nights").returncode == 3  # it does not count
    resumed = wattbench("nightly", "--history", "nights", "--resume", run.name)
    assert resumed.returncode == 2, resumed.stderr
    assert "The night of 2026-03-01 is the first" in resumed.stdout


def test_eight_processes_add_runs_and_rebuild_at_once(wattbench, suite, start, tmp_path: Path) -> None:
    done = wattbench("run", suite(QUICK), "--limit", 4)
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.strip()
    shared = copied(run, tmp_path / "shared", "2026-03-01", "ffffff")
    own = [copied(run, tmp_path / "own", f"2026-03-{2 + n:02d}", f"{n}00000") for n in range(8)]
    writers = [start("runs", "history", "nights", "--add", shared, each, "--rebuild") for each in own]
    site = tmp_path / "nights/site/index.html"
    while any(writer.poll() is None for writer in writers):
        if site.exists():
            assert site.read_text().rstrip().endswith("</html>")
        time.sleep(0.02)
    assert [writer.returncode for writer in writers] == [0] * 8, [writer.communicate() for writer in writers]
    rows = json.loads(wattbench("runs", "history", "nights", "--format", "json").stdout)
    assert [row["run"] for row in rows] == [shared.name, *(each.name for each in own)]
    assert not list((tmp_path / "nights/.aside").iterdir())


@pytest.fixture
def repository(suite, tmp_path: Path) -> Path:
    """Make a repository of three commits; the second breaks the suite."""
    root = tmp_path / "project"
    root.mkdir()
    path = suite(QUICK).rename(root / "suite.yaml")
    whole = path.read_text()
    git = lambda *arguments, at: subprocess.run(  # noqa: E731
        ["git", "-C", str(root), *arguments], check=True, capture_output=True,
        env=os.environ | WHO | {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at},
    )  # fmt: skip
    git("init", "-q", at="2026-03-01T00:00:00Z")
    for day, text in ((1, whole), (2, whole.replace("measure:", "mesure:")), (3, whole + "# the third\n")):
        path.write_text(text)
        git("add", ".", at="2026-03-01T00:00:00Z")
        git("commit", "-qm", str(day), at=f"2026-03-0{day}T12:00:00Z")
    return root


def git_told(root: Path, *arguments: str) -> Sequence[str]:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout.split()


def test_nights_are_made_up_for_at_their_commits(wattbench, repository: Path, tmp_path: Path) -> None:
    arguments = ("nightly", "project/suite.yaml", "--history", "nights", "--limit", 4, "--systems", "small", "--commit")
    last, broken, first = git_told(repository, "log", "--format=%H")
    one = wattbench(*arguments, first)
    assert one.returncode == 0, one.stderr
    assert "resume with" not in one.stderr
    done = wattbench(*arguments, f"{first}..HEAD")
    assert done.returncode == 3
    assert "mesure: unknown key" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"2026-03-02 {broken[:10]} no night: its run ended with exit code 3; see its messages above"
    assert lines[1].startswith(f"2026-03-03 {last[:10]} nights/runs/")

    headers = [read_run(run).header for run in sorted((tmp_path / "nights/runs").iterdir())]
    assert [header.night for header in headers] == [
        {"date": "2026-03-01", "commit": first, "backfilled": True, "since": None},
        {"date": "2026-03-03", "commit": last, "backfilled": True, "since": None},
    ]
    assert [header.environment["commit"] for header in headers] == [first, last]
    assert git_told(repository, "worktree", "list", "--porcelain").count("worktree") == 1
    assert (tmp_path / "nights/site/index.html").exists()
    assert not list((tmp_path / "nights/.aside").iterdir())
    again = wattbench(*arguments, f"{first}..HEAD")
    assert "2 commits, of which 1 have a night" in again.stderr
