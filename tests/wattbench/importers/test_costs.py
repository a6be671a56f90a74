"""Tables with costs: exact money of known answers, and one currency."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.made_up.records import call_on
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export.comparison.compared_section import as_table
from wattbench_reports.export.frames.frame_files import frame_as_csv
from wattbench_reports.export.frames.items_frame import items_frame
from wattbench_reports.metrics.assumptions import Assumptions

KNOWN = {"small": (0.001, 12), "mid": (0.004, 15), "large": (0.03, 18)}
"""System to dollars of each answer, and how many of its 20 answers are right."""


def costs(systems: dict[str, tuple[float, int]] = KNOWN, currency: str = "", items: int = 20) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["system", "item", "score", "cost", "currency"])
    for name, (dollars, right) in systems.items():
        writer.writerows([name, item, int(item < right), dollars, currency] for item in range(items))
    return text.getvalue()


def made(path: Path, to: Path, currency: str | None = None) -> RunRecords:
    return read_run(write_run(read_sources([path]), to, path.stem, ["wattbench", "runs", "import"], currency))


def test_cost_per_correct_is_exact(table, tmp_path, golden) -> None:
    analysis = analyse(made(table(costs()), tmp_path, "USD"))
    for figures in analysis.comparison.systems:
        dollars, right = KNOWN[figures.system]
        assert figures.cost_currency == "USD"
        assert figures.cost_per_request == pytest.approx(dollars, rel=1e-12)
        assert figures.cost_per_correct == pytest.approx(20 * dollars / right, rel=1e-12)
        assert figures.cost_per_correct_low < figures.cost_per_correct < figures.cost_per_correct_high
    by_cost = [
        standing
        for standing in side_by_side([analysis.measured.frames.run]).ranked.standings
        if standing.figure == "money"
    ]
    assert [place.system for place in by_cost[0].places] == ["small", "mid", "large"]
    assert [place.beaten for place in by_cost[0].places] == [None, True, True]
    golden(
        "costs.txt",
        as_table(side_by_side([analysis.measured.frames.run])).replace(analysis.measured.frames.run.header.run, "RUN"),
    )


def test_costs_survive_an_export_and_an_import(table, tmp_path) -> None:
    first = analyse(made(table(costs(currency="USD")), tmp_path / "one"))
    path = tmp_path / "items.csv"
    path.write_bytes(frame_as_csv(call_on(items_frame, first)))
    again = analyse(made(path, tmp_path / "two"))
    assert again.paid.money.currency == "USD"
    for name, each in first.paid.money.systems.items():
        assert again.paid.money.systems[name].per_correct == each.per_correct


def test_a_cost_of_some_answers_alone_is_none(table, tmp_path) -> None:
    text = costs().replace("large,3,1,0.03", "large,3,1,")
    money = analyse(made(table(text), tmp_path, "USD")).paid.money
    assert money.systems["large"].why_none == "the cost of some answers is not declared"
    assert money.systems["small"].per_request is not None


def test_a_price_of_the_reader_replaces_a_declared_cost(table, tmp_path) -> None:
    run = made(table(costs()), tmp_path, "USD")
    money = analyse(run, Assumptions(prices=("large:per_request=0.5,currency=USD",))).paid.money
    assert money.systems["large"].per_request.estimate == pytest.approx(0.5)
    assert money.systems["small"].parts == {"declared": pytest.approx(0.001)}


@pytest.mark.parametrize(
    ("currency", "given", "said"),
    [
        ("dollars", None, "the currency 'dollars' must be three letters"),
        ("", "usd", "--currency: the currency 'usd' must be three letters"),
        ("USD", "EUR", "--currency EUR: the costs of"),
    ],
)
def test_a_currency_that_is_none_is_refused(table, tmp_path, currency, given, said) -> None:
    with pytest.raises(UserError) as error:
        made(table(costs(currency=currency)), tmp_path, given)
    assert said in str(error.value)


def test_a_table_has_one_currency(table, tmp_path) -> None:
    text = costs(currency="USD") + costs({"other": (1, 1)}, "EUR").partition("\n")[2]
    with pytest.raises(UserError, match=r":62: the cost is in EUR, and above it costs are in USD"):
        made(table(text), tmp_path)


def test_runs_of_two_currencies_have_no_costs_together(table, tmp_path) -> None:
    one = made(table(costs(), "one.csv"), tmp_path, "USD")
    two = made(table(costs({"other": (0.5, 10)}), "two.csv"), tmp_path, "EUR")
    apart = side_by_side([one, two])
    assert apart.money is None
    assert all(figures.cost_per_correct is None for figures in apart.systems)
    assert "billed in USD and EUR" in next(each.text for each in apart.caveats if each.code == "different-currencies")
    same = made(table(costs({"third": (0.002, 10)}), "three.csv"), tmp_path, "USD")
    together = side_by_side([one, same], across=["all"])
    (standing,) = (each for each in together.ranked.standings if each.figure == "money")
    assert [place.system for place in standing.places] == ["small", "third", "mid", "large"]
    assert [place.beaten for place in standing.places] == [None, True, True, True]


def test_hours_of_a_table_need_times_that_do_not_overlap(table, tmp_path) -> None:
    price = Assumptions(prices=("small:per_machine_hour=3.6,currency=USD",))
    rows = [f"small,{item},1,{2 * item},1.5" for item in range(12)]
    head = "system,item,score,started_s,seconds\n"
    alone = analyse(made(table(head + "\n".join(rows), "alone.csv"), tmp_path), price).paid.money.systems["small"]
    assert alone.per_request.estimate == pytest.approx(0.0015)
    assert alone.source == "the reader; hours by latency, one request at a time"
    durations = "system,item,score,seconds\n" + "\n".join(f"small,{item},1,1.5" for item in range(12))
    unknown = analyse(made(table(durations, "durations.csv"), tmp_path), price).paid.money.systems["small"]
    assert unknown.why_none == (
        "hours have a price, and its requests may have overlapped, so that their seconds are not the machine's"
    )


def test_items_have_their_money(table, tmp_path) -> None:
    frame = call_on(items_frame, analyse(made(table(costs()), tmp_path, "USD")))
    assert frame.groupby("system")["cost"].mean().to_dict() == pytest.approx(
        {"small": 0.001, "mid": 0.004, "large": 0.03}
    )
    assert set(frame["currency"]) == {"USD"}
