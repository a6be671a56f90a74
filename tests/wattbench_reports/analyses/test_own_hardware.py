"""Own hardware against an API: the volume by hand, never and always, and the section."""

from __future__ import annotations

import dataclasses
import math

import pytest

from tests.made_up.prices import with_prices
from tests.made_up.records import call_on
from tests.wattbench_reports.sectiontext import as_text
from wattbench.records import read_run
from wattbench_reports.analyses.own_hardware import DAYS_PER_MONTH, KeptOn, OwnHardware, Pays, own_hardware, volume
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.sections.lifecycle.lifecycle import lifecycle_section
from wattbench_reports.stats import Interval

HOURS = 730.0


NOTHING = Interval(0.0, 0.0, 0.0)


def kept(per_month: float, per_request: Interval = NOTHING, most: float = 1e6) -> KeptOn:
    return KeptOn("own", per_month, per_request, most, idle_known=True)


def test_the_volume_is_the_month_over_what_a_request_costs_less() -> None:
    assert volume(kept(1460.0), Interval(0.01, 0.008, 0.0125)) == Interval(146_000, 116_800, 182_500)
    dearer = volume(kept(1460.0, Interval(0.002, 0.002, 0.002)), Interval(0.01, 0.01, 0.01))
    assert dearer.estimate == pytest.approx(1460 / 0.008)


def test_it_never_pays_where_a_machine_that_never_waits_costs_more() -> None:
    found = volume(kept(1460.0, most=100_000), Interval(0.01, 0.008, 0.02))
    assert (found.estimate, found.low, found.high) == (math.inf, 73_000, math.inf)
    assert OwnHardware(kept(1.0), "api", Interval(1, 1, 1), found).pays is Pays.NEVER
    dear = volume(kept(1460.0, Interval(0.02, 0.02, 0.02)), Interval(0.01, 0.01, 0.01))
    assert (dear.low, dear.high) == (math.inf, math.inf)


def test_a_machine_that_costs_nothing_always_pays() -> None:
    found = volume(kept(0.0), Interval(0.01, 0.008, 0.02))
    assert found == Interval(0.0, 0.0, 0.0)
    assert OwnHardware(kept(0.0), "api", Interval(1, 1, 1), found).pays is Pays.ALWAYS


def test_more_requests_than_a_machine_answers_take_more_machines() -> None:
    assert kept(100.0, most=1000.0).month(1000.0) == (1, 100.0)
    assert kept(100.0, Interval(0.01, 0.01, 0.01), most=1000.0).month(2500.0) == (3, 325.0)


@pytest.fixture
def priced(make_run, fake):
    """A local system by the hour, an API by token, and one with no price."""

    def make(local: dict[str, object], api: dict[str, object], workload: dict[str, object] | None = None):
        systems = (
            fake.System("local", latency_s=0.5, energy_j=8.0),
            fake.System("api", accuracy=0.8, latency_s=0.4, energy_j=None),
        )
        run = make_run(fake.Run(systems, items=40))
        with_prices(run.layout.root, {"local": local, "api": api}, workload)
        return analyse(read_run(run.layout.root))

    return make


def test_a_run_is_compared_by_hand(priced) -> None:
    analysis = priced({"per_machine_hour": 2.0, "utilisation": 0.5}, {"per_request": 0.01})
    study = call_on(own_hardware, analysis)
    assert study is not None
    (pair,) = study.pairs
    assert (pair.machine.system, pair.against, study.currency) == ("local", "api", "EUR")
    assert pair.machine.per_month == pytest.approx(2.0 * HOURS)
    items = analysis.measured.frames.items
    own = items[items["system"] == "local"]
    busy_s = float((own["finished_s"] - own["started_s"]).mean())
    assert pair.machine.requests_per_month == pytest.approx(HOURS * 3600 * 0.5 / busy_s, rel=0.02)
    assert pair.requests_per_month.estimate == pytest.approx(2.0 * HOURS / 0.01)
    assert pair.requests_per_day.estimate == pytest.approx(2.0 * HOURS / 0.01 / DAYS_PER_MONTH)
    assert pair.pays is Pays.FROM


def test_electricity_that_is_paid_for_is_in_the_month_and_in_each_request(priced) -> None:
    analysis = priced(
        {"per_machine_hour": 2.0, "electricity": "added"},
        {"per_request": 0.01},
        {"price_per_kwh": 0.36, "currency": "EUR"},
    )
    study = call_on(own_hardware, analysis)
    assert study is not None
    (pair,) = study.pairs
    per_joule = 0.36 / 3.6e6
    split = analysis.measured.splits["local"]
    if pair.machine.idle_known:
        assert pair.machine.per_month > 2.0 * HOURS
        assert pair.machine.per_request.estimate == pytest.approx(split.above_idle_j_per_request * per_joule)
    else:
        assert pair.machine.per_month == pytest.approx(2.0 * HOURS)
        assert pair.machine.per_request.estimate == pytest.approx(split.j_per_request * per_joule)
    assert pair.machine.per_request.low < pair.machine.per_request.estimate < pair.machine.per_request.high


def test_currencies_are_not_mixed(priced) -> None:
    study = call_on(own_hardware, priced({"per_machine_hour": 2.0}, {"per_request": 0.01, "currency": "USD"}))
    assert study is not None
    assert study.pairs == ()
    assert "USD" in " ".join(study.left_out.values())


def test_without_both_kinds_there_is_nothing_to_compare(priced) -> None:
    assert call_on(own_hardware, priced({"per_request": 0.02}, {"per_request": 0.01})) is None


def test_the_section_reads_well(priced, golden) -> None:
    analysis = priced(
        {"per_machine_hour": 2.0, "utilisation": 0.5}, {"input_per_million": 3.0, "output_per_million": 600.0}
    )
    section = call_on(lifecycle_section, analysis)
    assert section is not None
    passages = [each for each in section.passages if each.heading.startswith(("Own hardware", "Fleet"))]
    golden("own-hardware.txt", as_text(dataclasses.replace(section, passages=tuple(passages))))
