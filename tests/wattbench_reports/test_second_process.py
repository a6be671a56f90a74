"""Work in a second process: its result, its failures and its end, each in a process of the test's own that may fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.made_up.large_run import make_run
from tests.made_up.large_systems import SYSTEMS
from wattbench_reports import second_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is forked")

START = """
import os, signal, sys, time
from functools import partial
from wattbench.errors import MissingExtraError, UserError
from wattbench_reports import second_process
from wattbench_reports.second_process import meanwhile

own = os.getpid()
os.sched_getaffinity = lambda _: {0, 1}  # where the test has one processor, too

def no_child_is_left():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False
"""


def printed(script: str) -> str:
    command = [sys.executable, "-c", START + textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_work_is_done_once_in_a_forked_process() -> None:
    said = printed("""
        with meanwhile(os.getpid, wanted=True) as result:
            print(result() != own, result() == result(), no_child_is_left())
    """)
    assert said == "True True True"


def test_a_result_larger_than_a_pipe_comes_back_whole() -> None:
    said = printed("""
        with meanwhile(lambda: (os.getpid(), bytes(range(256)) * 40_000), wanted=True) as result:
            print(result()[0] != own, result()[1] == bytes(range(256)) * 40_000)
    """)
    assert said == "True True"


@pytest.mark.parametrize(
    ("why", "wanted"),
    [
        ("pass", False),
        ("os.sched_getaffinity = lambda _: {0}", True),
        ("import threading; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", True),
        ("sys.platform = 'darwin'", True),
        ("os.fork = lambda: (_ for _ in ()).throw(BlockingIOError('no room'))", True),
    ],
)
def test_without_a_second_process_the_work_is_done_here(why: str, wanted: bool) -> None:
    said = printed(f"""
        {why}
        with meanwhile(os.getpid, wanted={wanted}) as result:
            print(result() == own)
    """)
    assert said == "True"


def test_an_error_is_raised_here_as_it_is_without_a_second_process() -> None:
    said = printed("""
        def fails():
            raise MissingExtraError("reading words", "router")

        with meanwhile(fails, wanted=True) as result:
            try:
                result()
            except MissingExtraError as error:
                print(error.extra, no_child_is_left())
    """)
    assert said == "router True"


@pytest.mark.parametrize("ends", ["SIGKILL", "SIGSEGV", "SIGINT", "SIGTERM"])
def test_what_ends_the_second_process_does_not_end_the_report(ends: str) -> None:
    said = printed(f"""
        def ends():
            if os.getpid() != own:
                os.kill(os.getpid(), signal.{ends})
                time.sleep(60)
            return "done here"

        with meanwhile(ends, wanted=True) as result:
            print(result(), no_child_is_left())
    """)
    assert said == "done here True"


def test_a_result_that_cannot_be_pickled_is_computed_here() -> None:
    said = printed("""
        with meanwhile(lambda: (lambda: os.getpid()), wanted=True) as result:
            print(result()() == own, no_child_is_left())
    """)
    assert said == "True True"


def test_an_error_of_this_process_ends_the_second_one() -> None:
    said = printed("""
        try:
            with meanwhile(partial(time.sleep, 600), wanted=True):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            print(no_child_is_left())
    """)
    assert said == "True"


def test_it_works_where_the_system_keeps_no_status_of_children() -> None:
    said = printed("""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with meanwhile(lambda: "done", wanted=True) as result:
            print(result())
    """)
    assert said == "done"


@pytest.fixture
def forked(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process in the middle of such a block, and the number of its second process."""
    script = """
        def waits():
            open("number", "w").write(f"{os.getpid()}\\n")
            time.sleep(600)

        with meanwhile(waits, wanted=True) as result:
            result()
    """
    number = tmp_path / "number"
    started = subprocess.Popen(
        [sys.executable, "-c", START + textwrap.dedent(script)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    while not (number.exists() and number.read_text().endswith("\n")):
        assert started.poll() is None
        time.sleep(0.01)
    second = int(number.read_text())
    yield started, second
    started.kill()
    started.wait()
    with suppress(ProcessLookupError):
        os.kill(second, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_second_process_ends_with_the_first(
    forked: tuple[subprocess.Popen[bytes], int], number: signal.Signals
) -> None:
    first, second = forked
    first.send_signal(number)
    assert first.wait(60) != 0
    deadline_s = time.monotonic() + 60
    while _runs(second):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_reports_of_few_and_of_very_many_answers_have_one_process() -> None:
    assert [second_process.pays(number) for number in (100, 1_000, 1_000_000, 10_000_000)] == [
        False,
        True,
        True,
        False,
    ]


def test_each_part_is_taken_by_one_of_the_two() -> None:
    said = printed("""
        with second_process.shared_parts(200) as parts, meanwhile(partial(list, parts), wanted=True) as second:
            here = list(parts)
            print(sorted(here + second()) == list(range(200)), list(parts))
    """)
    assert said == "True []"


WRITES = """
import wattbench_reports.html.report
from pathlib import Path
from wattbench_reports.html import write_report

done_here = []
made, read_run = (sys.modules[f"wattbench_reports.{name}"] for name in ("html.made_sections", "comparison.read_run"))
studies, prints = made.routing_study, read_run.fingerprints
experts, what_ifs = made.experts_section, made.what_if_section
made.routing_study = lambda analysis: done_here.append("study") or studies(analysis)
read_run.fingerprints = lambda frames: done_here.append("fingerprints") or prints(frames)
ended, until_ended = os.pipe()

def ends(analysis):
    if os.getpid() != own:
        os.kill(os.getpid(), signal.SIGKILL)
    return experts(analysis)

def waits(analysis):
    os.close(until_ended)
    os.read(ended, 1)
    return what_ifs(analysis)

run, out = map(Path, sys.argv[1:])
for name, processes in (("one", 1), ("two", 2), ("one-ended", 2)):
    if name == "one-ended":
        made.experts_section, made.what_if_section = ends, waits
        made.EITHER = ends, *made.EITHER[1:]
    write_report(run, out / name / "report.html", processes=processes)
    print(name, *done_here)
    done_here.clear()
"""


@pytest.mark.slow
def test_the_files_of_a_report_are_the_same_of_one_process_and_of_two(tmp_path: Path) -> None:
    run = make_run(tmp_path, 480, SYSTEMS[:3])
    command = [sys.executable, "-c", START + WRITES, str(run), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.splitlines() == ["one fingerprints study", "two", "one-ended study"]
    assert done.stderr == ""
    for name in ("report.html", "report.csv", "report.parquet"):
        assert len({(tmp_path / of / name).read_bytes() for of in ("one", "two", "one-ended")}) == 1
