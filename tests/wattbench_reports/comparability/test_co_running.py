"""Figures of a machine that several slots measured at once: ranked only against those of one that was as loaded."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wattbench.records import RunRecords, read_run
from wattbench_reports.comparability.rules import JOULES, LATENCY
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.several_runs import side_by_side


def in_slots(run: RunRecords, co_runners: list[int], shared: list[str]) -> RunRecords:
    """Let a run have been measured by slots; the number of others goes round from window to window."""
    path = run.layout.windows_table
    table = pq.read_table(path)
    numbers = [co_runners[row % len(co_runners)] for row in range(len(table))]
    lists = pa.array([shared] * len(table), pa.list_(pa.string()))
    for name, values in (("co_runners", pa.array(numbers)), ("shared", lists)):
        table = table.set_column(table.schema.get_field_index(name), name, values)
    pq.write_table(table, path)
    return read_run(run.layout.root)


@pytest.fixture
def runs(fake, tmp_path: Path):
    def make(*cases: tuple[list[int], list[str]]) -> list[RunRecords]:
        made = []
        for number, (co_runners, shared) in enumerate(cases):
            system = fake.System("big", accuracy=0.7, energy_j=12.0, weights="b" * 64)
            run = read_run(fake.write(tmp_path / str(number), fake.recorded(f"run{number}", systems=(system,))))
            made.append(in_slots(run, co_runners, shared))
        return made

    return make


def sides(comparison, figure: str) -> int:
    """In how many groups systems are ranked by a figure."""
    return sum(standing.figure == figure for standing in comparison.ranked.standings)


@pytest.mark.parametrize(
    ("second", "latency_sides", "joules_sides"),
    [
        (([7], ["part0"]), 1, 1),
        (([7, 7, 6], ["part0"]), 1, 1),  # one slot ended before the others: the median counts
        (([3], ["part0"]), 2, 2),
        (([0], []), 2, 2),
    ],
)
def test_figures_are_ranked_where_the_host_was_as_loaded(runs, second, latency_sides, joules_sides) -> None:
    comparison = side_by_side(runs(([7], ["part0"]), second))
    assert (sides(comparison, LATENCY), sides(comparison, JOULES)) == (latency_sides, joules_sides)
    texts = " ".join(caveat.text for caveat in comparison.caveats)
    assert ("Number of other device slots at once differs" in texts) == (latency_sides == 2)
    assert ("a part of what 8 slots shared" in texts) == (joules_sides == 2)


def test_joules_of_gpus_alone_are_ranked_whatever_the_host_did(runs) -> None:
    comparison = side_by_side(runs(([7], []), ([0], [])))
    assert (sides(comparison, LATENCY), sides(comparison, JOULES)) == (2, 1)


def test_a_record_of_before_had_the_machine_alone(runs) -> None:
    old, new = runs(([0], []), ([0], []))
    path = old.layout.windows_table
    pq.write_table(pq.read_table(path).drop(["co_runners", "shared"]), path)
    comparison = side_by_side([read_run(old.layout.root), new])
    assert (sides(comparison, LATENCY), sides(comparison, JOULES)) == (1, 1)


def test_a_report_says_that_slots_measured_at_once(runs) -> None:
    several, gpus_alone, one = runs(([7, 6], ["part0"]), ([7], []), ([0], []))
    [caveat] = [each for each in analyse(several).comparison.caveats if each.code == "several-slots"]
    assert caveat.systems == ("big",)
    assert caveat.text == (
        "8 slots of a machine measured at once, at most: seconds of big are those of a loaded host, and are ranked "
        "only against those of as many. Joules of part0 are each slot's part of what all used, by CPU seconds."
    )
    [caveat] = [each for each in analyse(gpus_alone).comparison.caveats if each.code == "several-slots"]
    assert "Joules" not in caveat.text
    assert "several-slots" not in {each.code for each in analyse(one).comparison.caveats}
