"""The money of a hybrid and of other choices, where members are billed by request: all of it by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.made_up.prices import EUR
from tests.made_up.records import call_on
from tests.made_up.routed import CHOOSING_J, by_score, cascading
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.routing.hybrids.study import studies
from wattbench_reports.sections.hybrids import hybrids_section

EACH = {"a": 0.01, "b": 0.02, "c": 0.1}


def priced(routed, own: dict | None = None, workload: dict | None = None, members: dict | None = None):
    """Analyse the run with a price for each member, and one of the hybrid's own."""
    routed.table["usage"] = [
        []
        if asked is None or isinstance(asked, float)
        else [
            {"system": name, "prompt_tokens": 1, "cached_tokens": 0, "output_tokens": 1, "seconds": 1.0}
            for name in asked
        ]
        for asked in routed.table["route_asked"]
    ]
    routed.table.to_parquet(routed.run.layout.items_table)
    header = routed.run.header
    prices = {name: {**EUR, "per_request": each} for name, each in EACH.items()} | (members or {})
    systems = {name: dict(config) for name, config in header.suite["systems"].items()}
    for name, price in prices.items():
        systems.setdefault(name, {"kind": "specialist"})["price"] = price
    systems["mixed"]["pool"] = {name: systems[name] for name in EACH}
    if own is not None:
        systems["mixed"]["price"] = {**EUR, **own}
    suite = {**header.suite, "systems": systems}
    suite["suite"] = {**suite["suite"], "workload": workload or {}}
    return analyse(dataclasses.replace(routed.run, header=dataclasses.replace(header, suite=suite)))


def choices_of(analysis) -> dict[str, object]:
    (study,) = call_on(studies, analysis).hybrids
    return {f"{each.kind} {each.name}".strip(): each for each in (*study.choices, *study.always)}


def test_every_choice_is_billed_for_the_members_that_it_asks(compose) -> None:
    routed = compose(by_score(0.3))
    found = choices_of(priced(routed))
    table = routed.table[routed.table["system"] == "mixed"]
    billed = float(table["route"].map(EACH).mean())
    for kind in ("live", "replayed", "shuffled"):
        assert found[kind].outcome.money_per_request == pytest.approx(billed), kind
    assert found["chance"].outcome.money_per_request == pytest.approx(np.mean(list(EACH.values())))
    single = next(name for name in found if name.startswith("single "))
    always = {name.split()[1]: each for name, each in found.items() if name.startswith(("always", "single"))}
    assert {name: each.outcome.money_per_request for name, each in always.items()} == pytest.approx(EACH)
    right = float(found[single].outcome.score.mean())
    assert found[single].outcome.money_per_correct == pytest.approx(EACH[single.split()[1]] / right)
    assert found[single].saved_money.estimate == pytest.approx(billed - EACH[single.split()[1]])
    assert {"domain", "item"} <= {name for name, each in found.items() if each.outcome.money_per_request}


def test_a_cascade_pays_for_the_answers_that_it_rejected(compose) -> None:
    routed = compose(cascading(0.5), order=("a", "c"), router={"type": "cascade", "min_confidence": 0.5})
    found = choices_of(priced(routed))
    asked = routed.table.loc[routed.table["system"] == "mixed", "route_asked"]
    billed = float(np.mean([sum(EACH[name] for name in names) for names in asked]))
    assert found["live"].outcome.money_per_request == pytest.approx(billed)
    assert found["replayed"].outcome.money_per_request == pytest.approx(billed)


def test_the_price_of_the_hybrid_itself_and_its_routers_electricity_are_added(compose) -> None:
    routed = compose(by_score(0.3))
    kwh = {"price_per_kwh": 3.6, "currency": "EUR"}
    added = {"c": {**EUR, "per_request": EACH["c"], "electricity": "added"}}
    with_own, without = (
        choices_of(priced(routed, own, kwh, added))["replayed"].outcome.money_per_request
        for own in ({"per_request": 0.5}, None)
    )
    assert with_own - without == pytest.approx(0.5)
    plain = choices_of(priced(routed))["replayed"].outcome.money_per_request
    asked_c = routed.table[(routed.table["system"] == "mixed") & (routed.table["route"] == "c")]
    of_c = routed.table[routed.table["system"] == "c"].set_index(["task", "doc_id"])["energy_j"]
    joules = sum(of_c.loc[(row.task, row.doc_id)] for row in asked_c.itertuples()) / 80 + CHOOSING_J
    assert without - plain == pytest.approx(joules * 3.6 / 3.6e6)


def test_a_hybrid_that_pays_for_tokens_itself_is_not_replayed_in_money(compose) -> None:
    found = choices_of(priced(compose(by_score(0.3)), own={"output_per_million": 1.0}))
    assert found["replayed"].outcome.money_per_request is None
    assert found["chance"].outcome.money_per_request is not None


def test_the_section_has_a_table_of_money_where_there_are_prices(compose, golden) -> None:
    routed = compose(by_score(0.3))
    plain, paid = call_on(hybrids_section, routed.analysis), call_on(hybrids_section, priced(routed))
    tables = [[table.caption for table in section.passages[2].tables] for section in (plain, paid)]
    assert tables == [["Other choices for mixed"], ["Other choices for mixed", "Money of other choices for mixed"]]
    table = paid.passages[2].tables[1]
    lines = [" | ".join(column.label for column in table.columns)]
    lines += [" | ".join(cell.text for cell in row) for row in table.rows]
    golden("choice-money.txt", "\n".join([*lines, table.note]) + "\n")
