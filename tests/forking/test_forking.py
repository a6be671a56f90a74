"""Tests in forked workers: what is reported of them, how a session ends, and where files go."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.forking import parent

pytestmark = pytest.mark.e2e

SESSION = """
    import os
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def session_file():
        yield
        open(f"ended-{os.environ.get('PYTEST_XDIST_WORKER')}", "w").close()
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run test files in forked workers: `run("--forks", "2", a="def test_it(): ...")` runs `test_a.py`."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # for speed
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("COLUMNS", "200")  # or what is said of a failure is cut
    pytester.makeini("[pytest]")
    pytester.makeconftest(SESSION)

    def call(*arguments: str, **files: str) -> pytest.RunResult:
        pytester.makepyfile(**{f"test_{name}": text for name, text in files.items()})
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "tests.forking.plugin", *arguments)

    return call


OUTCOMES = """
    import os
    import sys
    import warnings
    import pytest

    def test_passes(tmp_path):
        assert f"popen-{os.environ['PYTEST_XDIST_WORKER']}" in str(tmp_path)

    def test_fails():
        print("said before")
        os.write(2, b"written before")
        assert 1 == 2

    @pytest.fixture
    def broken():
        raise ValueError("no fixture")

    def test_errs(broken): pass
    def test_warns(): warnings.warn("take care")
    def test_skips(): pytest.skip("for a reason")

    @pytest.mark.xfail
    def test_xfails(): assert False

    def test_prints(capfd):
        os.write(1, b"only this")
        assert capfd.readouterr().out == "only this"
"""


def test_what_tests_report_is_what_they_report_without_workers(run: Run, pytester: pytest.Pytester) -> None:
    done = run("--forks", "2", "-rA", "--junitxml=out.xml", a=OUTCOMES, b=OUTCOMES)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.assert_outcomes(passed=6, failed=2, errors=2, skipped=2, xfailed=2, warnings=2)
    done.stdout.fnmatch_lines(["*assert 1 == 2", "*take care", "SKIPPED*for a reason", "ERROR test_*ValueError*"])
    assert done.outlines.count("said before") == 2
    assert done.outlines.count("written before") == 2
    assert (pytester.path / "out.xml").read_text().count("<testcase") == 14


def test_a_file_stays_in_one_worker_and_session_fixtures_end_in_each(run: Run, pytester: pytest.Pytester) -> None:
    test = """
        import os
        import time

        def note():
            open(f"{__name__}-{os.environ['PYTEST_XDIST_WORKER']}-{os.getpid()}", "w").close()

        def test_1():
            note()
            until_s = time.monotonic() + 60
            while len({name.split("-")[1] for name in os.listdir() if name.startswith("test_") and "-" in name}) < 2:
                assert time.monotonic() < until_s, "no other worker runs"
                time.sleep(0.02)

        def test_2(): note()
    """
    run("--forks", "3", **dict.fromkeys("abcdef", test)).assert_outcomes(passed=12)
    notes = [path.name.split("-") for path in pytester.path.glob("test_*-gw*")]
    assert sorted(file for file, _, _ in notes) == [f"test_{name}" for name in "abcdef"]
    workers = {worker for _, worker, _ in notes}
    assert len({pid for _, _, pid in notes}) == len(workers)
    assert {path.name for path in pytester.path.glob("ended-*")} == {f"ended-{worker}" for worker in workers}
    assert len(workers) > 1


def test_fixtures_of_a_module_end_before_the_next_file(run: Run) -> None:
    module = """
        import os
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def alone():
            assert not os.path.exists("in-use")
            open("in-use", "w").close()
            yield
            os.remove("in-use")

        def test_1(): assert os.path.exists("in-use")
        def test_2(): assert os.path.exists("in-use")
    """
    run("--forks", "1", a=module, b=module, c=module).assert_outcomes(passed=6)


DYING = """
    import os
    import signal
    def test_before(): pass
    def test_dies(): {how}
    def test_after(): pass
    def test_last(): pass
"""


DEATHS = {
    "a": ("os._exit(3)", "exit status 3"),
    "b": ("os._exit(0)", "exit status 0"),
    "c": ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
}


@pytest.mark.parametrize("forks", ["1", "2"])
def test_a_worker_that_dies_fails_the_test_that_it_ran_and_no_other(run: Run, forks: str) -> None:
    dying = {file: DYING.format(how=how) for file, (how, _) in DEATHS.items()}
    done = run("--forks", forks, **dying, d="def test_it(): pass")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.assert_outcomes(passed=10, failed=3)
    for file, (_, said) in DEATHS.items():
        done.stdout.re_match_lines_random([f"worker gw. died while running test_{file}.py::test_dies: {said}"])


def test_a_worker_that_dies_while_a_process_holds_its_pipe_is_seen(run: Run) -> None:
    text = """
        import os
        import time

        def test_dies():
            if os.fork() == 0:
                until_s = time.monotonic() + 60
                while not os.path.exists("ended-gw1") and time.monotonic() < until_s:
                    time.sleep(0.05)
                open("outlived", "w").close()
                os._exit(0)
            os._exit(4)
    """
    done = run("--forks", "1", a=text, b="import os\ndef test_it(): assert not os.path.exists('outlived')")
    done.assert_outcomes(passed=1, failed=1)


def test_the_first_failure_ends_the_session_if_asked_to(run: Run) -> None:
    rest = """
        import pytest
        import time
        {first}
        @pytest.mark.parametrize("place", range(400))
        def test_rest(place): time.sleep(0.05)
    """
    done = run("--forks", "2", "-x", a=rest.format(first="def test_it(): assert False"), b=rest.format(first=""))
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    outcomes = done.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes.get("passed", 0) < 400, "the other worker stops, too"
    done.stdout.fnmatch_lines(["*stopping after 1 failures*"])
    assert Path("ended-gw0").exists()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("pytest.exit('enough', 7)", 7, "*Exit: enough*"),
        ("raise KeyboardInterrupt", pytest.ExitCode.INTERRUPTED, "*KeyboardInterrupt*"),
    ],
)
def test_a_test_may_end_the_session(run: Run, body: str, status: int, said: str) -> None:
    done = run("--forks", "1", a=f"import pytest\ndef test_1(): {body}\ndef test_2(): pass")
    assert done.ret == status
    done.stdout.fnmatch_lines([said])
    done.assert_outcomes()


def test_a_session_fixture_that_fails_at_its_end_is_an_error_of_the_last_test(run: Run) -> None:
    text = "import pytest\n@pytest.fixture(scope='session', autouse=True)\ndef own():\n    yield\n    assert False\n"
    done = run("--forks", "2", a=f"{text}def test_1(): pass\ndef test_2(): pass")
    done.assert_outcomes(passed=2, errors=1)


@pytest.mark.parametrize(
    ("arguments", "status", "ended"),
    [
        (["-k", "nothing"], pytest.ExitCode.NO_TESTS_COLLECTED, []),
        (["--forks", "0"], pytest.ExitCode.OK, ["ended-None"]),
    ],
)
def test_without_a_test_to_run_no_worker_starts(
    run: Run, pytester: pytest.Pytester, arguments: list[str], status: int, ended: list[str]
) -> None:
    assert run("--forks", "2", *arguments, a="def test_it(): pass").ret == status
    assert [path.name for path in pytester.path.glob("ended-*")] == ended


def test_an_error_of_the_collection_ends_the_session(run: Run) -> None:
    done = run("--forks", "2", a="import no_such_module", b="def test_it(): pass")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.assert_outcomes(errors=1)


def test_a_thread_that_an_import_starts_is_named(run: Run) -> None:
    done = run("--forks", "2", a="import threading\nthreading.Timer(60, print).start()\ndef test_it(): pass", b="")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*after the collection these threads run*"])


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "END_WITHIN_S", 0.05)
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    parent._end(parent.Child("gw0", 0, process, multiprocessing.Pipe()[0], ended=0))
    assert process.exitcode == -signal.SIGKILL


def test_ctrl_c_ends_workers_with_their_fixtures(run: Run, pytester: pytest.Pytester) -> None:
    run(
        "--forks",
        "1",
        "--collect-only",
        a="import time\ndef test_it():\n    open('begun', 'w').close()\n    time.sleep(60)",
    )
    assert not [*pytester.path.glob("ended-*")], "what is only collected starts no worker"
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.forking.plugin", "--forks", "1"],
        stdout=subprocess.PIPE, text=True, cwd=pytester.path,
    )  # fmt: skip
    until_s = time.monotonic() + 60
    while not (pytester.path / "begun").exists():
        assert time.monotonic() < until_s
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in out
    assert Path(pytester.path, "ended-gw0").exists()
