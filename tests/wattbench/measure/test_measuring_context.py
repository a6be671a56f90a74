"""What every part of a measurement shares."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up.rows import HEADER
from wattbench.config import EndpointSystem, Measure, PythonSystem, Resolved, load_suite
from wattbench.measure.measuring_context import measuring
from wattbench.meters import Chosen
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.signals import Contention
from wattbench.records import Purpose, RunWriter, read_run
from wattbench.records.trace import trace_rows

SUITE = Path(__file__).parents[2] / "data" / "suite.yaml"


def suite(**measure: float) -> Resolved:
    resolved = load_suite(str(SUITE))
    return replace(resolved, suite=resolved.suite.model_copy(update={"measure": Measure(**measure)}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with RunWriter.create(tmp_path / "r", HEADER) as writer:
        return writer.layout.root


def test_an_open_window_is_on_record_until_it_is_closed(root: Path, steady: Any, quiet: Any) -> None:
    with measuring(RunWriter(root), suite(), Chosen([steady]), quiet) as context:
        window = context.open_window("s", "t", Purpose.MEASURED)
        assert [label.window for label in context.records.open_windows()] == ["w0001"]
        context.writer.append_window(window.close())
        assert context.records.open_windows() == []


def test_what_is_remarked_of_answers_is_noted_once_for_each_system(root: Path, steady: Any, quiet: Any) -> None:
    noted: list[tuple[str, bool]] = []
    quiet.note = lambda text, *, keep=False: noted.append((text, keep))
    with measuring(RunWriter(root), suite(), Chosen([steady]), quiet) as context:
        for system, doc_id, remark in (("a", 1, "odd"), ("a", 2, "odd"), ("b", 3, "odd"), ("a", 4, None)):
            context.note_remark(system, SimpleNamespace(doc_id=doc_id, remark=remark))  # type: ignore[arg-type]
    assert noted == [("a: odd (seen first in item 1)", True), ("b: odd (seen first in item 3)", True)]


def test_the_names_of_windows_go_on_after_an_interruption(root: Path, make_steady: Any, quiet: Any) -> None:
    with measuring(RunWriter(root), suite(), Chosen([make_steady()]), quiet) as context:
        context.writer.append_window(context.open_window("s", "t", Purpose.MEASURED).close())
        context.open_window("s", "t", Purpose.MEASURED)  # never closed: the process is killed
    with measuring(RunWriter(root), suite(), Chosen([make_steady()]), quiet) as context:
        assert context.open_window("s", "t", Purpose.MEASURED).label.window == "w0003"


def test_the_record_is_free_again_afterwards_even_after_a_failure(root: Path, steady: Any, quiet: Any) -> None:
    with pytest.raises(ZeroDivisionError), measuring(RunWriter(root), suite(), Chosen([steady]), quiet):
        raise ZeroDivisionError
    RunWriter(root).close()


@pytest.mark.slow
def test_the_idle_draw_is_measured_in_a_window_of_its_own(root: Path, steady: Any, quiet: Any) -> None:
    with measuring(RunWriter(root), suite(idle_s=0.05), Chosen([steady]), quiet) as context:
        context.trace_to("s", None)
        watts = context.idle_power_w("s", "s")
        context.metering.trace_to(None)
    assert watts == {"cpu": pytest.approx(100.0, rel=0.05)}
    (row,) = read_run(root).windows()
    assert (row.system, row.task, row.purpose) == ("s", None, "idle")


def asking(*urls: str | None) -> Resolved:
    """A suite with one endpoint per URL, called s0, s1, ...; None: a system in this process."""
    systems = {
        f"s{i}": PythonSystem(engine="python", kind="specialist", call="m:f")
        if url is None
        else EndpointSystem(engine="endpoint", kind="generalist", base_url=url)
        for i, url in enumerate(urls)
    }
    return replace(suite(), systems=systems)


@pytest.mark.slow
def test_a_system_on_another_machine_gets_the_joules_of_that_machine_alone(
    root: Path, make_steady: Any, quiet: Any
) -> None:
    meters = [make_steady(), make_steady(name="far", component="gpu0@alpha")]
    resolved = asking(None, "http://Alpha:8000/v1", "http://beta:8000/v1", "http://127.0.0.1:8000/v1")
    with measuring(RunWriter(root), resolved, Chosen(meters), quiet) as context:
        windows = [context.open_window(f"s{i}", "t", Purpose.MEASURED) for i in range(4)]
        time.sleep(0.1)
        here, alpha, beta, local = (window.close(idle_w={"cpu": 1.0, "gpu0@alpha": 2.0}) for window in windows)
    assert [set(row.energy_j) for row in (here, alpha, beta, local)] == [{"cpu"}, {"gpu0@alpha"}, set(), {"cpu"}]
    assert [set(row.idle_w) for row in (here, alpha, beta)] == [{"cpu"}, {"gpu0@alpha"}, set()]
    assert [row.valid for row in (here, alpha, beta)] == [True, True, False]
    assert "not measured: it runs on beta, which no meter reads; what this machine draws is not its energy" in str(
        beta.reasons
    )
    assert (alpha.total_j, beta.total_j) == (alpha.energy_j["gpu0@alpha"], None)


@pytest.mark.slow
def test_a_trace_has_only_what_counts_so_that_a_killed_window_has_no_more(
    root: Path, make_steady: Any, quiet: Any
) -> None:
    resolved = asking(None, "http://alpha:8000/v1")
    with measuring(RunWriter(root), resolved, Chosen([make_steady()]), quiet) as context:
        for name in resolved.systems:
            context.trace_to(name, "t")
            context.open_window(name, "t", Purpose.MEASURED)
            time.sleep(0.1)
        context.metering.trace_to(None)
        here, far = (context.writer.layout.trace(name, "t") for name in resolved.systems)
        assert {row.component for row in trace_rows(here)} == {"cpu"}
        assert list(trace_rows(far)) == []


@pytest.mark.slow
def test_the_idle_draw_of_several_machines_is_that_of_each(root: Path, make_steady: Any, quiet: Any) -> None:
    meters = [make_steady(), make_steady(name="far", component="gpu0@alpha")]
    resolved = asking(None, "http://alpha:8000/v1", "http://beta:8000/v1")
    resolved = replace(resolved, suite=suite(idle_s=0.05).suite)
    with measuring(RunWriter(root), resolved, Chosen(meters), quiet) as context:
        assert set(context.idle_power_w("s0", "all", ["s0", "s1", "s2"])) == {"cpu", "gpu0@alpha"}
        assert set(context.idle_power_w("s1", "s1")) == {"gpu0@alpha"}
        assert set(context.idle_power_w("s2", "s2")) == set()


@pytest.mark.slow
def test_without_idle_seconds_or_with_an_invalid_window_there_is_no_idle_draw(
    root: Path, steady: Any, dead: Any, quiet: Any
) -> None:
    with measuring(RunWriter(root), suite(idle_s=0), Chosen([steady]), quiet) as context:
        assert context.idle_power_w("s", "s") == {}
        assert context.records.windows() == []
    with measuring(RunWriter(root), suite(idle_s=0.05), Chosen([dead]), quiet) as context:
        assert context.idle_power_w("s", "s") == {}
        assert [row.valid for row in context.records.windows()] == [False]


@pytest.mark.slow
def test_next_to_other_work_the_idle_draw_of_the_processor_is_not_known(
    root: Path, steady: Any, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with measuring(RunWriter(root), suite(idle_s=0.05), Chosen([steady]), quiet) as context:
        opened = context.metering.open

        def busy(label: Any, hosts: Any) -> Any:
            window = opened(label, hosts)
            found = Contention({Signal.FOREIGN_CPU: 0.5}, 0.0)
            window._span = SimpleNamespace(end=lambda: None, finish=lambda *_: found)
            return window

        monkeypatch.setattr(context.metering, "open", busy)
        assert context.idle_power_w("s", "the system") == {}
    (row,) = read_run(root).windows()
    assert (row.contended, row.valid) == (True, True)
    assert "the system: idle draw of cpu is not known, as the machine was busy" in quiet.notes
