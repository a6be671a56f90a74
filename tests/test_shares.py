"""How files are dealt over workers, and that each of their tests is handed out once, to a worker that collected it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdist.remote import Producer

from tests import shares
from tests.shares import ROOT, SharesScheduling, deal, fast_files, is_of_another_worker


@given(st.dictionaries(st.text("abc/", min_size=1), st.integers(0, 100), max_size=30), st.integers(1, 5))
def test_every_file_has_one_worker_and_none_has_much_more_than_another(sizes: dict[str, int], workers: int) -> None:
    owners = deal(sizes, workers)
    assert owners.keys() == sizes.keys()
    assert [owners[file] for file in sorted(sizes)] == sorted(owners.values()), "neighbours stay together"
    assert set(owners.values()) <= set(range(workers))
    for worker in range(workers):
        own = sum(sizes[file] for file, owner in owners.items() if owner == worker)
        assert own <= sum(sizes.values()) / workers + max(sizes.values(), default=0)


@pytest.mark.parametrize(
    ("text", "is_dealt"),
    [
        ("def test_it(tmp_path): pass", True),
        ("@pytest.mark.parametrize('x', [1])\ndef test_it(x): pass", True),
        ("pytestmark = pytest.mark.simulation", False),
        ("@pytest.mark.timed\ndef test_it(): pass", False),
        ("def test_it(tmp_path: Path, smol_gguf: Path): pass", False),
        ("@pytest.mark.usefixtures('driver')\ndef test_it(): pass", False),
        ("def test_it(): pass" + " " * shares.LARGE_BYTES, False),
    ],
)
def test_files_of_fast_tests_are_dealt_unless_they_are_large(tmp_path: Path, text: str, is_dealt: bool) -> None:
    for folder in ("tests/wattbench", "tests/browser"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "test_it.py").write_text(text)
    assert fast_files(tmp_path) == ({"tests/wattbench/test_it.py": len(text)} if is_dealt else {})


def test_most_files_of_this_project_are_dealt() -> None:
    assert len(fast_files(ROOT)) > len(list((ROOT / "tests").rglob("test_*.py"))) / 2


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch):
    """Make the configuration of one of several workers, or of the process that they report to."""
    monkeypatch.setattr(shares, "fast_files", lambda _: {"tests/a.py": 10, "tests/b.py": 10})
    shares._owners.cache_clear()
    yield lambda worker=None, count=2: SimpleNamespace(
        **({} if worker is None else {"workerinput": {"workerid": f"gw{worker}", "workercount": count}}),
        getvalue=lambda _: [f"{count}*popen"],
        hook=SimpleNamespace(pytest_collectreport=note),
    )
    shares._owners.cache_clear()
    reports.clear()


reports: list[pytest.CollectReport] = []


def note(report: pytest.CollectReport) -> None:
    reports.append(report)


def test_a_file_that_is_dealt_is_collected_by_one_worker_alone(config) -> None:
    for file, owner in (("a", 0), ("b", 1)):
        assert [is_of_another_worker(ROOT / f"tests/{file}.py", config(worker)) for worker in (0, 1)] == [
            owner != 0, owner != 1
        ]  # fmt: skip


@pytest.mark.parametrize("folder", shares.TOGETHER)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_folder_whose_files_share_something_is_collected_by_one_worker_alone(config, folder: str, count: int) -> None:
    for place in (folder, f"{folder}/test_it.py", f"{folder}/data/test_it.py"):
        others = [is_of_another_worker(ROOT / place, config(worker, count)) for worker in range(count)]
        assert others.count(False) == 1
        assert not others[shares.TOGETHER[folder] % count]
    assert not is_of_another_worker(ROOT / folder, config(count, count)), "one that replaces another has everything"
    assert [is_of_another_worker(ROOT / f"{folder}s", config(worker, count)) for worker in range(count)] == [
        False
    ] * count


@pytest.mark.parametrize("path", [ROOT / "tests/new.py", ROOT / "tests/long.py", Path("/elsewhere/tests/a.py")])
def test_what_is_not_dealt_is_collected_by_all(config, path: Path) -> None:
    assert [is_of_another_worker(path, config(worker)) for worker in (0, 1, None)] == [False] * 3


def test_a_worker_that_replaces_another_collects_everything(config) -> None:
    assert [is_of_another_worker(ROOT / f"tests/{file}.py", config(2)) for file in "ab"] == [False, False]


class Worker:
    """Stands for a worker: notes what it is handed."""

    def __init__(self, name: str, *collected: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.collected = list(collected)
        self.handed: list[str] = []
        self.shutting_down = False

    def send_runtest_some(self, places: list[int]) -> None:
        self.handed += [self.collected[place] for place in places]

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduling(config, *workers: Worker) -> SharesScheduling:
    made = SharesScheduling(config(count=len(workers)), Producer("test", enabled=False), numbers.append)
    for worker in workers:
        made.add_node(worker)
    for worker in workers:
        made.add_node_collection(worker, worker.collected)
    return made


numbers: list[int] = []


def run_all(made: SharesScheduling, *workers: Worker) -> list[str]:
    """Complete what is handed out, worker after worker, and return it."""
    done: dict[Worker, int] = dict.fromkeys(workers, 0)
    while any(done[worker] < len(worker.handed) for worker in workers):
        for worker in workers:
            if done[worker] < len(worker.handed):
                done[worker] += 1
                made.mark_test_complete(worker, worker.collected.index(worker.handed[done[worker] - 1]))
    return [nodeid for worker in workers for nodeid in worker.handed]


SHARED = ("tests/long.py::test_1", "tests/long.py::test_2", "tests/long.py::test_3", "tests/short.py::test")


def test_a_worker_runs_what_it_alone_has_first_then_what_all_have(config) -> None:
    first = Worker("gw0", *SHARED, *(f"tests/a.py::test_{place}" for place in range(4)))
    second = Worker("gw1", "tests/b.py::test", *SHARED)
    made = scheduling(config, first, second)
    made.schedule()
    assert first.handed == first.collected[4:]
    assert second.handed == ["tests/b.py::test", *SHARED[:3]]
    assert not made.tests_finished
    assert sorted(run_all(made, first, second)) == sorted({*first.collected, *second.collected})
    assert made.tests_finished
    assert first.shutting_down
    assert second.shutting_down
    assert numbers.pop() == 9


def test_a_worker_without_a_test_ends(config) -> None:
    first, second = Worker("gw0", "tests/a.py::test"), Worker("gw1")
    made = scheduling(config, first, second)
    made.schedule()
    assert second.shutting_down
    assert run_all(made, first, second) == ["tests/a.py::test"]


def test_what_only_a_worker_that_crashed_had_is_run_by_the_one_that_replaces_it(config) -> None:
    first = Worker("gw0", "tests/a.py::test", "tests/long.py::test")
    second = Worker("gw1", *(f"tests/{file}.py::test_{place}" for file in "bc" for place in range(3)))
    second.collected.append("tests/long.py::test")
    made = scheduling(config, first, second)
    made.schedule()
    assert made.remove_node(second) == "tests/b.py::test_0"
    assert run_all(made, first) == ["tests/a.py::test", "tests/long.py::test"]
    assert not made.tests_finished
    third = Worker("gw2", *dict.fromkeys([*first.collected, *second.collected]))
    made.add_node(third)
    made.add_node_collection(third, third.collected)
    made.schedule()
    assert sorted(run_all(made, third)) == sorted(second.collected[:-1])
    assert made.tests_finished


def test_workers_that_disagree_about_a_file_run_nothing(config) -> None:
    first, second = Worker("gw0", "tests/long.py::test[1]"), Worker("gw1", "tests/long.py::test[2]")
    made = scheduling(config, first, second)
    made.schedule()
    assert first.handed == second.handed == []
    assert [report.nodeid for report in reports] == ["gw1"]
    assert "test[2]" in str(reports[0].longrepr)
