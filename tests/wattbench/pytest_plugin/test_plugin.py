"""The plugin in sessions of its own: what tests can ask for, what they share, and what fails them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from wattbench.records import read_run

Session = Callable[..., pytest.RunResult]


def test_a_test_asserts_on_figures_of_a_real_run(session: Session, project: pytest.Pytester) -> None:
    done = session(
        """
        import pytest
        from wattbench.records import read_run

        @pytest.mark.wattbench(limit=24)
        def test_figures(wattbench):
            small, adder = wattbench.measure("small", "adder")
            assert (small.system, adder.system) == ("small", "adder")
            assert (small.kind, adder.kind) == ("generalist", "specialist")
            assert adder.accuracy.estimate == 1.0 > small.accuracy.estimate > 0
            assert adder.accuracy.low < adder.accuracy.estimate
            assert adder.items == small.items == 24
            assert 0 < adder.latency_p50_s < 1
            assert adder.energy_provenance == "replayed"
            assert adder.valid
            assert 0 < adder.joules_per_request.estimate <= adder.joules_per_correct.high
            assert small.joules_per_correct.estimate > small.joules_per_request.estimate
            assert read_run(adder.run).finished
            assert adder.run == small.run
        """,
        "--strict-markers",
    )
    done.assert_outcomes(passed=1)
    (run,) = (project.path / ".wattbench" / "runs").iterdir()
    header = read_run(run).header
    assert header.command[0] == "pytest"
    assert header.suite["path"] == str(project.path / "sums.yaml")


def test_tests_share_runs_and_only_distinct_ones_are_made(session: Session, project: pytest.Pytester) -> None:
    done = session(
        """
        import pytest

        pytestmark = pytest.mark.wattbench(limit=4)
        runs = []

        @pytest.mark.wattbench(systems=["adder", "small"])
        def test_one(wattbench):
            [adder] = wattbench.measure("adder")
            runs.append(adder.run)

        def test_the_same_documents_again(wattbench):
            small, adder = wattbench.measure("small", "adder")
            assert adder.run == small.run == runs[0]

        def test_one_of_them_alone(wattbench):
            [small] = wattbench.measure("small", tasks=("sums",), limit=4)
            assert small.run == runs[0]

        def test_other_documents(wattbench):
            [small] = wattbench.measure("small", limit=3)
            assert small.items == 3
            assert small.run not in runs
        """,
        "--wattbench-runs=kept",
    )
    done.assert_outcomes(passed=4)
    cells = sorted(len(read_run(run).header.cells) for run in (project.path / "kept").iterdir())
    assert cells == [1, 2]
    assert not (project.path / ".wattbench").exists()


@pytest.mark.usefixtures("modelled")
def test_modelled_joules_are_refused_unless_the_test_says_that_they_will_do(session: Session) -> None:
    done = session(
        """
        import pytest

        pytestmark = pytest.mark.wattbench(limit=4)

        def test_silent(wattbench):
            [adder] = wattbench.measure("adder")
            assert adder.accuracy.estimate == 1.0
            assert adder.joules_per_correct.high > 0

        def test_per_request(wattbench):
            [adder] = wattbench.measure("adder")
            assert adder.joules_per_request.high > 0

        @pytest.mark.wattbench(modelled=True)
        def test_says_so(wattbench):
            [adder] = wattbench.measure("adder")
            assert adder.energy_provenance == "modelled"
            assert adder.joules_per_correct.high > 0
        """
    )
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.re_match_lines([r".*assert adder\.joules_per_correct\.high > 0"])
    done.stdout.fnmatch_lines(["E*Failed: adder: its joules are modelled, not measured.*wattbench(modelled=True)*"])
    done.stdout.no_fnmatch_line("*harness/wattbench/pytest_plugin*.py:*")  # nobody looks for his mistake in the plugin


def test_the_ini_file_may_say_so_for_all(session: Session, modelled: pytest.Pytester) -> None:
    modelled.makeini("[pytest]\nwattbench_suite = sums.yaml\nwattbench_modelled = true")
    done = session(
        """
        def test_per_request(wattbench):
            [adder] = wattbench.measure("adder", limit=4)
            assert adder.joules_per_request.high > 0
        """
    )
    done.assert_outcomes(passed=1)


@pytest.mark.usefixtures("modelled")
def test_two_systems_are_judged_by_one_run(session: Session, project: pytest.Pytester) -> None:
    # In one block a system is asked after the other: seconds and joules are judged where the policy says by how much
    # they may differ.
    (project.path / "pyproject.toml").write_text("[tool.wattbench.gate]\ndrift = 0.03")
    done = session(
        """
        import pytest

        def test_verdicts(wattbench):
            adder, _ = wattbench.measure("adder", "small")
            worse, better = wattbench.compare("adder", "small"), wattbench.compare("small", "adder")
            assert worse.accuracy.verdict == "regressed"
            assert worse.accuracy.candidate < adder.accuracy.estimate
            assert not worse.passed
            assert better.accuracy.verdict == "improved"
            assert worse.result.runs == better.result.runs == (adder.run.name,)

        def test_regresses(wattbench):
            assert wattbench.compare("adder", "small").accuracy.verdict != "regressed"

        def test_modelled_joules_are_not_judged(wattbench):
            assert wattbench.compare("small", "adder").joules_per_correct.verdict != "regressed"

        @pytest.mark.wattbench(modelled=True)
        def test_unless_it_says_so(wattbench):
            assert wattbench.compare("small", "adder").joules_per_correct.provenance == "modelled"
        """
    )
    done.assert_outcomes(passed=2, failed=2)
    done.stdout.fnmatch_lines(["E*Verdict.REGRESSED*!= 'regressed'*", "REGRESSED: *"])
    done.stdout.fnmatch_lines(["E*Failed: not measured: joules_per_correct: *"])


def test_two_systems_are_asked_in_turns(session: Session, project: pytest.Pytester) -> None:
    (project.path / "gate.yaml").write_text("metrics: {accuracy: {margin: 10 points}}")
    done = session(
        """
        from wattbench.records import read_run

        gates = []

        def test_regresses(wattbench):
            gates.append(wattbench.gate("adder", "small", policy="gate.yaml"))
            assert gates[0].accuracy.verdict == "regressed"
            assert not gates[0].passed

        def test_shares_it(wattbench):
            assert wattbench.gate("adder", "small", policy="gate.yaml").result is gates[0].result

        def test_mistake(wattbench):
            wattbench.gate("adder", "smal")
        """
    )
    done.assert_outcomes(passed=2, failed=1)
    assert "no system 'smal' in this suite; did you mean 'small'?" in done.stdout.str()
    (run,) = (project.path / ".wattbench" / "runs").iterdir()
    header = read_run(run).header
    assert header.gate is not None
    assert header.gate["policy_source"] == str(project.path / "gate.yaml")
    assert header.command[0] == "pytest"


def test_a_failure_shows_the_figures_with_their_intervals(session: Session) -> None:
    done = session(
        """
        def test_small_is_as_good(wattbench):
            adder, small = wattbench.measure("adder", "small", limit=24)
            assert small.accuracy.low > adder.accuracy.high
        """
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E*where*<small: accuracy *%*[[]*], *J† per correct (replayed), p50 *s, 24 items>*"])
    done.stdout.fnmatch_lines(["*Captured wattbench call*", "sums *", "adder *100.0% [[]*", "small *", "record: *"])


@pytest.mark.parametrize(
    ("marker", "call", "expected"),
    [
        ("suite='sums.yaml'", "'ader'", "no system 'ader' in this suite; did you mean 'adder'?"),
        ("tasks=['sum']", "'adder'", "no task 'sum' in this suite; did you mean 'sums'?"),
        ("suite='nowhere.yaml'", "'adder'", "nowhere.yaml: no such suite file"),
        ("limits=3", "'adder'", "the marker wattbench has no 'limits'; did you mean 'limit'?"),
        ("'sums.yaml'", "'adder'", "takes keyword arguments: suite='sums.yaml'"),
        ("systems='adder'", "'adder'", "systems: 'adder' is not a list of names"),
        ("limit=0", "'adder'", "limit: 0 is not a number of items"),
        ("limit=2", "'adder', tasks='sums'", "tasks: 'sums' is not a list of names"),
    ],
)
def test_a_mistake_fails_in_one_message_at_the_line_that_made_it(
    session: Session, project: pytest.Pytester, marker: str, call: str, expected: str
) -> None:
    done = session(
        f"""
        import pytest

        @pytest.mark.wattbench({marker})
        def test_it(wattbench):
            wattbench.measure({call})
        """
    )
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    assert f">       wattbench.measure({call})" in text
    assert expected in text
    assert "UserError" not in text
    assert not (project.path / ".wattbench").exists()


def test_without_a_suite_it_says_where_to_name_one(session: Session, project: pytest.Pytester) -> None:
    project.makeini("[pytest]")
    done = session("def test_it(wattbench): wattbench.measure('adder')")
    done.assert_outcomes(failed=1)
    assert "no suite to measure: set it with @pytest.mark.wattbench(suite=...)" in done.stdout.str()


def test_an_answerer_that_fails_fails_the_test(session: Session, project: pytest.Pytester) -> None:
    suite = project.path / "sums.yaml"
    suite.write_text(suite.read_text().replace("answers.py:add_small", "answers.py:fail"))
    done = session("def test_it(wattbench): wattbench.measure('small', limit=2)")
    done.assert_outcomes(failed=1)
    assert "its callable raised RuntimeError: no idea" in done.stdout.str()


def test_a_run_beside_another_is_refused(session: Session, project: pytest.Pytester) -> None:
    from wattbench.api.session import measuring_alone

    with measuring_alone():
        done = session("def test_it(wattbench): wattbench.measure('small', limit=2)")
    done.assert_outcomes(failed=1)
    assert "another measurement in this process is measuring on this machine" in done.stdout.str()


def test_tests_that_run_side_by_side_measure_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    done = session("def test_it(wattbench): wattbench.measure('small', limit=2)")
    done.assert_outcomes(failed=1)
    assert "run tests that measure without it (-n 0)" in done.stdout.str()


BENCH = "def test_bench(benchmark): benchmark(lambda: None)"


def test_files_of_pytest_benchmark_describe_the_machine(session: Session, project: pytest.Pytester) -> None:
    import json

    from wattbench.machine.environment import machine

    session(BENCH, "--benchmark-json=out.json").assert_outcomes(passed=1)
    written = json.loads((project.path / "out.json").read_text())["machine_info"]["wattbench"]
    assert written == json.loads(json.dumps(machine()))
    assert written["cpu"]
    assert {"cpus_usable", "container", "gpus"} <= written.keys()


def test_it_works_without_pytest_benchmark(session: Session) -> None:
    done = session("def test_it(wattbench): assert wattbench.measure('adder', limit=2)", "-p", "no:benchmark")
    done.assert_outcomes(passed=1)


def test_pytest_lists_what_it_offers(session: Session) -> None:
    assert "wattbench(suite=NAME" in session("", "--markers").stdout.str()
    text = session("", "--help").stdout.str()
    assert "--wattbench-runs=DIR" in text
    assert "wattbench_suite" in text


def test_loading_it_imports_nothing_heavy() -> None:
    script = (
        "import sys, pytest; known = set(sys.modules); import wattbench.pytest_plugin.plugin; "
        "print(*set(sys.modules) - known)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"wattbench", "wattbench.pytest_plugin", "wattbench.pytest_plugin.plugin"}
