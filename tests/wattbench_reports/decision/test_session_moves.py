"""Costs of another run: earlier sessions move joules and seconds, and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made_up.records import call_on
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.standard_runs import recorded
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import Analysis, analyse
from wattbench_reports.comparison.another_run import joule_sessions
from wattbench_reports.decision import Decision, WhichRun, decide
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.session_moves import log_moves, machine_share, session_moves
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.metrics.costs import MONEY
from wattbench_reports.metrics.decision_settings import DecisionChoice
from wattbench_reports.tables.session_record import session_record, sessions_json

SPEEDS = (1.0, 1.1, 0.95, 1.2, 1.05)
_LIST = {"currency": "USD", "source": "list", "date": "2026-01-01"}
SYSTEMS = (
    FakeSystem("hours", accuracy=0.6, energy_j=4.0, price={"per_machine_hour": 2.0, **_LIST}),
    FakeSystem("tokens", accuracy=0.7, energy_j=5.0, price={"input_per_million": 3, "output_per_million": 9, **_LIST}),
    FakeSystem("both", accuracy=0.5, energy_j=6.0, price={"per_request": 0.001, "per_machine_hour": 1.0, **_LIST}),
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecords, Path]:
    """A run and a record of five sessions of its suite, whose joules and seconds differ by `SPEEDS`."""
    folder = tmp_path_factory.mktemp("sessions")
    each = [
        read_run(write_run(folder, recorded(f"s{number}", systems=SYSTEMS, speed=speed)))
        for number, speed in enumerate(SPEEDS)
    ]
    path = folder / "of-five.json"
    path.write_text(sessions_json(session_record(each)))
    return each[0], path


def analysed(run: tuple[RunRecords, Path], *, known: bool, **required: Any) -> Analysis:
    records, path = run
    choice = DecisionChoice(**required) if required else DecisionChoice()
    return analyse(records, Assumptions(sessions=path if known else None, decision=choice))


def decided(run: tuple[RunRecords, Path], *, known: bool, **required: Any) -> Decision:
    return call_on(decide, analysed(run, known=known, **required))


def test_moves_are_those_of_each_kind(run) -> None:
    analysis = analysed(run, known=True)
    found, expected = call_on(session_moves, analysis), np.log(SPEEDS) - np.log(SPEEDS).mean()
    assert found is not None and (found.number, found.df) == (5, 4)
    for kind in ("energy_j", "latency_s", "latency_p95"):
        assert np.abs(found.moves[kind] - expected[:, None]).max() < 0.02, kind
    shares = call_on(machine_share, analysis)
    assert shares[:2].tolist() == [1.0, 0.0] and 0 < shares[2] < 1
    assert found.moves[MONEY] == pytest.approx(shares * found.moves["latency_s"])
    assert call_on(session_moves, analysed(run, known=False)) is None


def test_moves_have_the_variance_of_the_interval_of_another_run(run) -> None:
    record = session_record([run[0], run[0]])
    figures = {"hours": (1.0, 1.2, None, 0.9), "tokens": (2.0, 2.2, 2.1, None), "both": (None, None, None, 4.0)}
    record = dataclasses.replace(record, runs=("a", "b", "c", "d"), figures=record.figures | {"energy_j": figures})
    names = ("hours", "tokens", "both", "another")
    moves, df = log_moves(figures, names)
    assert df == 2
    assert moves.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    for column, name in enumerate(names):
        known = joule_sessions(record, name)
        assert (moves[:, column] ** 2).sum() / 3 == pytest.approx(known.log_variance), name
    assert log_moves({"hours": (1.0, None), "tokens": (None, 0.0)}, names) is None


def test_the_variance_of_another_run_has_satterthwaites_degrees_of_freedom() -> None:
    moves, parts = np.array([[1.0], [-2.0], [0.5], [0.5]]), np.array([[1.0], [-1.0], [0.0], [2.0], [-2.0], [0.0]])
    both, covarying = VaryingFigure(np.zeros(1), parts, sessions=moves), Covarying(True, 5.0, 3.0)
    within, between = 6 / 5 * 10, 5.5 / 3
    assert covarying.covariances(both, both)[0, 0] == pytest.approx(within), "intervals and ties are within this run"
    assert covarying.errors_of_another_run(both)[0] ** 2 == pytest.approx(within + between)
    expected = (within + between) ** 2 / (within**2 / 5 + between**2 / 3)
    assert covarying.another_run_df(both)[0] == np.floor(expected)
    assert covarying.session_shares(both)[0] == pytest.approx(between / (within + between))


@pytest.mark.parametrize("quantity", ["max_joules_per_request", "max_p95_s"])
def test_a_bound_is_less_sure_of_another_run(run, quantity: str) -> None:
    """Sessions differ by 10%, so that a bound a few percent away is not sure to be kept in another run."""
    measured = analysed(run, known=False).measured.systems["hours"]
    at = measured.j_per_request.estimate if quantity != "max_p95_s" else float(np.max(run_seconds(run)))
    for bound, side in ((at * 1.04, 1), (at * 0.96, -1)):
        one, several = (decided(run, known=known, **{quantity: bound}).of("hours") for known in (False, True))
        [this], [another] = one.checks, several.checks
        assert (this.machine, another.machine) == (WhichRun.THIS_RUN, WhichRun.ANOTHER_RUN)
        assert this.estimate == another.estimate
        assert another.high - another.low > this.high - this.low
        if side > 0:
            assert another.least_risk - this.least_risk > 0.02
        assert another.items_to_decide is None, "no items tell how another session will be"


def run_seconds(run: tuple[RunRecords, Path]) -> np.ndarray:
    """The seconds of each answer of `hours`."""
    frames = analysed(run, known=False).measured.frames
    return frames.seconds(frames.answers_of("hours"))


def test_money_is_of_the_machine_where_hours_or_joules_are_paid_for(run) -> None:
    for known, machine in ((False, WhichRun.THIS_RUN), (True, WhichRun.ANOTHER_RUN)):
        decision = decided(run, known=known, max_cost_per_request=0.002)
        found = {each.system: each.checks[0].machine for each in decision.systems}
        assert found == {"hours": machine, "tokens": WhichRun.NONE, "both": machine}
        assert decision.machine is machine
        assert decision.sessions == (5 if known else None)


def test_what_sessions_do_to_all_systems_alike_changes_no_tie_and_no_figure(run) -> None:
    bound = {"max_joules_per_request": 50.0}
    one, several = (decided(run, known=known, minimise="joules", **bound) for known in (False, True))
    assert one.best == several.best and one.chosen == several.chosen
    assert [each.cost_per_request for each in one.systems] == [each.cost_per_request for each in several.systems]
