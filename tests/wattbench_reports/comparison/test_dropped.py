"""A run that drops systems: figures of the others do not move, and other settings are named that might choose one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import grid_run
from wattbench.errors import UserError
from wattbench.records import BoundedRow, DroppedRow, LookRow, RunRecords
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.dropped import DroppedSystems, otherwise
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export import render
from wattbench_reports.export.compared_runs import compare_runs
from wattbench_reports.metrics.assumptions import AS_IN_SUITE, Assumptions
from wattbench_reports.metrics.carbon import CarbonChoice
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.metrics.decision_settings import DecisionChoice, DecisionSettings, Requirement, Worth
from wattbench_reports.metrics.workload import WorkloadChoice
from wattbench_reports.tables.asked_systems import Dropped

LEFT = (FakeSystem("small", accuracy=0.5, energy_j=4.0), FakeSystem("large", accuracy=0.7, energy_j=16.0))
OF_LOOKS = {"dropped", "caveats", "decision"}


def as_data(run: RunRecords, **choice: Any) -> dict[str, Any]:
    compared = compare_runs([run], assumptions=Assumptions(**choice))
    return json.loads(render(compared.comparison, "json", compared.decided))


@pytest.fixture
def dropping(make_run) -> Callable[..., RunRecords]:
    """A run of `LEFT` and of systems that are dropped after some blocks; empty: of `LEFT` alone."""

    def made(*after: int, **changes: Any) -> RunRecords:
        others = (
            FakeSystem(f"dropped-{number}", accuracy=0.1 + 0.4 * (number % 2), energy_j=32.0, dropped_after=blocks)
            for number, blocks in enumerate(after)
        )
        return make_run(FakeRun((*LEFT, *others), blocks=6, id=f"id{len(after)}{sum(after)}", **changes))

    return made


@pytest.mark.parametrize("after", [(1,), (3, 3), (1, 2, 5), (5,)])
@pytest.mark.parametrize("changes", [{}, {"asked_again": 1}, {"busy_blocks": 3, "repeats": 2}])
def test_no_figure_of_another_system_moves(dropping, after, changes) -> None:
    alone, whole = as_data(dropping(**changes)), as_data(dropping(*after, **changes))
    assert {key for key in whole if key not in alone} == {"dropped"}
    kept = alone.keys() - OF_LOOKS - {"run", "runs", "fingerprints"}
    assert {key: whole[key] for key in kept} == {key: alone[key] for key in kept} | {
        "systems": [each | {"run": whole["run"], "fingerprint": mine["fingerprint"]} for each, mine in zip(
            alone["systems"], whole["systems"], strict=True
        )]
    }  # fmt: skip
    systems = [{each["system"]: each for each in of["decision"]["systems"]} for of in (alone, whole)]
    assert systems[0] == systems[1]
    new = [each for each in whole["caveats"] if each not in alone["caveats"]]
    assert {each["code"] for each in new} <= {"dropped-otherwise"}  # nothing is required of the decision
    assert [each["system"] for each in whole["dropped"]["systems"]] == sorted(
        (f"dropped-{number}" for number in range(len(after))), key=lambda name: after[int(name[-1])]
    )


def test_nor_where_the_dropped_systems_come_first(make_run) -> None:
    poor = FakeSystem("poor", accuracy=0.1)
    rows = []
    for name, after in (("whole", None), ("part", 3)):
        run = make_run(FakeRun((replace(poor, dropped_after=after), *LEFT), blocks=6, id=name))
        rows.append({each.system: each.cells() for each in analyse(run).comparison.systems})
    assert rows[1] == {name: cells for name, cells in rows[0].items() if name != "poor"}


def test_nor_where_the_answers_are_not_in_memory(dropping, monkeypatch) -> None:
    monkeypatch.setattr("wattbench_reports.comparison.analysis.MOST_IN_MEMORY", 100)
    alone, whole = analyse(dropping()), analyse(dropping(2, 4))
    assert [each.cells() for each in whole.comparison.systems] == [each.cells() for each in alone.comparison.systems]
    assert whole.measured.frames.compared == alone.measured.frames.compared == 160


def test_dropped_systems_take_no_part_where_runs_are_compared(dropping) -> None:
    comparison = side_by_side([dropping(2, 4), dropping(3)])
    assert {each.system.partition("@")[0] for each in comparison.systems} == {"small", "large"}
    assert comparison.dropped is None
    assert "no-items" not in {each.code for each in comparison.caveats}
    said = [each.text for each in comparison.caveats if each.code == "dropped"]
    assert [" ".join(text.split()[2:]) for text in said] == [
        "dropped dropped-0 and dropped-1 before its end: they are not compared.",
        "dropped dropped-0 before its end: they are not compared.",
    ]


AT_LEAST_40 = DecisionSettings((Requirement("accuracy", 0.4),), minimise=CostUnit.JOULES)


def row(system: str, accuracy: float, cost: float, **changes: Any) -> DroppedRow:
    bounds = [BoundedRow(estimate=each, low=0.9 * each, high=1.1 * each) for each in (accuracy, cost)]
    return DroppedRow(system=system, items=20, accuracy=bounds[0], cost=bounds[1], **changes)


def of_run(*rows: DroppedRow, settings: DecisionSettings = AT_LEAST_40, unit: str = "joules") -> DroppedSystems:
    look = LookRow(
        blocks=5, level=0.001, objective="cost", unit=unit, currency="EUR" if unit == "money" else None, systems=[],
        dropped=list(rows), at_s=0.0,
    )  # fmt: skip
    return DroppedSystems(tuple(Dropped(look, each) for each in rows), 4, 9, 0.05, settings)


FAILS = row("wrong", 0.2, 3.0, quantity="accuracy", bound=0.4, figure=BoundedRow(estimate=0.2, low=0.1, high=0.3))
COSTLY = row("costly", 0.9, 9.0, rival="small", worse={"cost": BoundedRow(estimate=5.0, low=4.0, high=6.0)})
BEATEN = row(
    "beaten", 0.45, 9.0, rival="small",
    worse={
        "cost": BoundedRow(estimate=5.0, low=4.0, high=6.0),
        "accuracy": BoundedRow(estimate=0.1, low=0.05, high=0.2),
    },
)  # fmt: skip
EACH = of_run(FAILS, COSTLY, BEATEN)


def named(
    settings: DecisionSettings, assumptions: Assumptions = AS_IN_SUITE, dropped: DroppedSystems = EACH
) -> set[str]:
    caveat = otherwise(dropped, settings, assumptions)
    return set() if caveat is None else set(caveat.systems)


def test_the_settings_of_the_run_name_no_system() -> None:
    assert named(AT_LEAST_40) == named(replace(AT_LEAST_40, minimise=None, risk=0.2)) == set()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (replace(AT_LEAST_40, requirements=(Requirement("accuracy", 0.6),)), {"costly"}),
        (replace(AT_LEAST_40, requirements=(Requirement("accuracy", 0.1),)), {"wrong", "costly"}),
        (replace(AT_LEAST_40, requirements=(Requirement("joules", 5.0),)), {"wrong"}),
        (replace(AT_LEAST_40, requirements=(Requirement("p95", 0.2),)), {"wrong", "costly", "beaten"}),
        (replace(AT_LEAST_40, requirements=(Requirement("accuracy", 0.4, "text"),)), {"wrong", "costly", "beaten"}),
        (replace(AT_LEAST_40, minimise=CostUnit.SECONDS), {"costly", "beaten"}),
        (replace(AT_LEAST_40, worth=Worth(right=1.0)), {"costly"}),
        (replace(AT_LEAST_40, worth=Worth(carbon_per_tonne=1.0)), {"costly", "beaten"}),
        (DecisionSettings(), {"wrong", "costly"}),
    ],
)
def test_other_settings_name_what_the_record_does_not_refute(settings: DecisionSettings, expected: set[str]) -> None:
    assert named(settings) == expected


def test_a_system_without_a_right_answer_is_named_under_no_settings() -> None:
    assert named(DecisionSettings(), dropped=of_run(row("never", 0.0, 1.0))) == set()


@pytest.mark.parametrize(
    ("assumptions", "unit", "any_of_them"),
    [
        (Assumptions(workload=WorkloadChoice(mix="text=1")), "joules", True),
        (Assumptions(workload=WorkloadChoice(requests_per_year=5.0)), "joules", False),
        (Assumptions(carbon=CarbonChoice(pue=2.0)), "joules", False),
        (Assumptions(carbon=CarbonChoice(pue=2.0)), "grams", True),
        (Assumptions(prices=("small:per_request=1",)), "money", True),
        (Assumptions(prices=("small:per_request=1",)), "joules", False),
    ],
)
def test_what_figures_are_made_of_counts_as_far_as_it_bears_on_costs(assumptions, unit, any_of_them) -> None:
    settings = replace(AT_LEAST_40, minimise=CostUnit(unit))
    dropped = of_run(FAILS, COSTLY, BEATEN, settings=settings, unit=unit)
    assert named(settings, assumptions, dropped) == ({"wrong", "costly", "beaten"} if any_of_them else set())


def test_the_caveat_comes_before_others(make_run) -> None:
    run, choice = make_run(grid_run()), {"min_accuracy": "0.4", "minimise": "joules"}
    same = compare_runs([run], assumptions=Assumptions(decision=DecisionChoice(**choice)))
    assert "dropped-otherwise" not in {each.code for each in same.comparison.caveats}
    other = compare_runs([run], assumptions=Assumptions(decision=DecisionChoice(**choice | {"min_accuracy": "0.75"})))
    assert other.decided is not None and other.decided.caveat is not None
    assert other.decided.caveat.code == "dropped-otherwise"
    assert "llama-high-4096" in other.decided.caveat.text
    assert "llama-high-2048" not in other.decided.caveat.text  # it has at most 38%


@pytest.mark.parametrize(("field", "value"), [("unit", "kilojoules"), ("unit", "\u202e")])
def test_a_damaged_look_is_a_named_error(make_run, field, value) -> None:
    run = make_run(grid_run())
    looks = [json.loads(line) | {field: value} for line in run.layout.looks.read_text().splitlines()]
    run.layout.looks.write_text("".join(f"{json.dumps(look)}\n" for look in looks))
    with pytest.raises(UserError, match=r"looks\.jsonl: no unit"):
        analyse(run)


def test_looks_of_a_suite_that_drops_no_systems_are_a_named_error(make_run) -> None:
    run = make_run(grid_run())
    header = json.loads(run.layout.header.read_text())
    del header["suite"]["suite"]["measure"]["stop"]
    run.layout.header.write_text(json.dumps(header))
    with pytest.raises(UserError, match=r"looks\.jsonl: the suite drops no systems"):
        analyse(replace(run, header=replace(run.header, suite=header["suite"])))
