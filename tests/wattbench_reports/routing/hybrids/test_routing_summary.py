"""Where a hybrid sent its items: recounted from the records, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_up.records import call_on
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.routing.hybrids.study import studies
from wattbench_reports.sections.hybrids import hybrids_section

TASKS = {"chain_sum": "arithmetic", "spell_backward": "text"}
MEMBERS = ("a", "b")


def hybrid(fake, **more):
    defaults = {"members": MEMBERS, "router": "classifier", "energy_j": 4.0, "accuracy": 0.5}
    routes = {"arithmetic": ("a", "a", "b"), "text": ("b",)}
    return fake.System("mixed", "hybrid", **{"routes": routes, **defaults, **more})


def members(fake):
    return (
        fake.System("a", "specialist", accuracy=0.1, by_domain={"arithmetic": 0.8}, energy_j=3.0),
        fake.System("b", "specialist", accuracy=0.1, by_domain={"text": 0.8}, energy_j=3.0),
    )


@pytest.fixture
def routed(make_run, fake):
    """A run of a hybrid whose answers are its members' own, analysed, with its item table."""

    def make(*others, **more):
        run = make_run(fake.Run((*others, hybrid(fake, **more))))
        table = pd.read_parquet(run.layout.items_table)
        return run, analyse(run), table

    return make


def said(section) -> str:
    return " ".join(section.passages[1].sentences)


def test_shares_and_losses_are_recounted(routed, fake) -> None:
    _, analysis, table = routed(*members(fake))
    found = call_on(studies, analysis).hybrids[0].routing
    assert (found.members, found.missing) == (MEMBERS, ())
    wide = table.pivot_table(index=["task", "doc_id"], columns="system", values="correct")
    for sent, (task, domain), best in zip(found.domains, TASKS.items(), MEMBERS, strict=True):
        own = wide.loc[task]
        routes = table[(table["system"] == "mixed") & (table["task"] == task)]["route"]
        assert sent.domain == domain
        assert sent.shares == {name: pytest.approx((routes == name).mean()) for name in MEMBERS}
        assert sent.best == best
        assert sent.best_accuracy == pytest.approx(own[best].mean())
        assert sent.accuracy == pytest.approx(own["mixed"].mean())
        assert sent.difference.estimate == pytest.approx(own["mixed"].mean() - own[best].mean())
    oracle, single, chance = found.against
    best_of_each = np.concatenate([wide.loc["chain_sum", "a"], wide.loc["spell_backward", "b"]])
    assert (oracle.kind, single.kind, chance.kind) == ("domain", "single", "chance")
    assert oracle.accuracy == pytest.approx(best_of_each.mean())
    assert single.accuracy == pytest.approx(wide[list(MEMBERS)].mean().max())
    assert chance.accuracy == pytest.approx(wide[list(MEMBERS)].mean(axis=1).mean())
    assert oracle.accuracy >= single.accuracy >= chance.accuracy
    for one in found.against:
        assert one.difference.estimate == pytest.approx(wide["mixed"].mean() - one.accuracy)


def test_what_choosing_costs(routed, fake) -> None:
    _, analysis, table = routed(*members(fake))
    found = call_on(studies, analysis).hybrids[0].routing
    own = table[table["system"] == "mixed"]
    assert found.router_s == pytest.approx(own["router_s"].mean())
    assert found.router_j == pytest.approx(own["router_energy_j"].mean())
    assert (found.router_s_share, found.router_j_share) == (pytest.approx(1 / 16), pytest.approx(1 / 16))
    assert found.mean_asked == 1.0
    text = said(call_on(hybrids_section, analysis))
    assert "1.00 members are asked per item on average; routing takes" in text
    assert "(6.3% of its joules; counter)." in text


def test_in_a_batch_no_share_of_the_time_is_stated(routed, fake) -> None:
    run, _, table = routed(*members(fake))
    table["batch_size"] = 8
    table.to_parquet(run.layout.items_table)
    found = call_on(studies, analyse(run)).hybrids[0].routing
    assert found.router_s is not None
    assert found.router_s_share is None


def test_a_member_that_is_not_in_the_run_is_named(routed, fake) -> None:
    _, analysis, _ = routed(members(fake)[0])
    found = call_on(studies, analysis).hybrids[0].routing
    assert found.missing == ("b",)
    assert found.against == ()
    unknown = "what the best or a random member would have given, in all or by domain, is not known."
    assert f"b is not a system of its own in this run: {unknown}" in said(call_on(hybrids_section, analysis))


def test_without_any_member_only_the_routes_are_shown(routed) -> None:
    _, analysis, _ = routed()
    found = call_on(studies, analysis).hybrids[0].routing
    assert found.against == ()
    section = call_on(hybrids_section, analysis)
    assert "a and b are not systems of their own in this run: what the best or a random member" in said(section)
    assert [table.caption for table in section.passages[1].tables] == ["Members that answered for mixed"]


def test_a_single_system_that_does_as_well_is_pointed_out(routed, fake) -> None:
    _, analysis, _ = routed(*members(fake), fake.System("alone", accuracy=0.9, energy_j=1.0), accuracy=0.4)
    assert said(call_on(hybrids_section, analysis)).startswith("alone (generalist) alone is better on both metrics: ")


def test_a_twin_is_not_shown_to_be_worse(routed, fake) -> None:
    _, analysis, _ = routed(fake.System("twin", accuracy=0.5, energy_j=4.0))
    assert "twin (generalist) alone is not shown to be worse: the hybrid's accuracy is " in said(
        call_on(hybrids_section, analysis)
    )


def test_a_hybrid_that_nothing_matches(routed, fake) -> None:
    _, analysis, _ = routed(*members(fake), fake.System("big", accuracy=0.4, energy_j=99.0), accuracy=0.95)
    assert said(call_on(hybrids_section, analysis)).startswith("No single system of this run does as well")


def test_joules_of_another_kind_do_not_decide(routed, fake) -> None:
    _, analysis, _ = routed(fake.System("other", accuracy=0.5, provenance="modelled"))
    assert "and their joules per correct answer are not comparable." in said(call_on(hybrids_section, analysis))


def test_a_yardstick_is_called_one(routed, fake) -> None:
    _, analysis, _ = routed(*members(fake), fake.System("alone", accuracy=0.9), router="oracle")
    text = said(call_on(hybrids_section, analysis))
    assert text.startswith("A yardstick, not to be run: its router is given the domain of every item")
    assert "alone (generalist)" not in text


def test_absent_without_routes(analysed, fake) -> None:
    assert call_on(hybrids_section, analysed(fake.golden())) is None


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=7))
def test_shares_sum_to_one(tmp_path_factory, fake, order: list[str]) -> None:
    from wattbench.records import read_run

    made_up = fake.Run((hybrid(fake, routes={"arithmetic": tuple(order), "text": ("c",)}),), items=8)
    found = call_on(studies, analyse(read_run(fake.write(tmp_path_factory.mktemp("runs"), made_up)))).hybrids[0].routing
    for sent in found.domains:
        assert sum(sent.shares.values()) == pytest.approx(1.0)
        assert all(share >= 0 for share in sent.shares.values())
