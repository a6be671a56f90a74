"""The verdict in words, for each outcome it can have."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.made_up.records import call_on
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.comparison.ranking import rank
from wattbench_reports.sections.comparison import comparison_table
from wattbench_reports.sections.domains import domain_table
from wattbench_reports.sections.verdict.verdict import choices_table, verdicts


@pytest.fixture
def judge(analysed, fake):
    """Systems in, the overall verdict out."""

    def judged(*systems, items=150):
        return verdicts(analysed(fake.Run(systems, items=items)).measured)[0]

    return judged


def test_one_system_is_best_at_both(judge, fake) -> None:
    verdict = judge(fake.System("good", accuracy=0.8, energy_j=2.0), fake.System("bad", accuracy=0.3, energy_j=9.0))
    assert verdict.headline == "good: fewest joules per correct answer and highest accuracy."
    assert [pick.answer for pick in verdict.picks] == ["good", "good"]
    assert "The runner-up is bad" in verdict.sentences[0]
    assert "probability of over 99%" in verdict.sentences[0]


def test_thrift_and_accuracy_disagree(judge, fake) -> None:
    verdict = judge(fake.System("big", accuracy=0.8, energy_j=90.0), fake.System("small", accuracy=0.4, energy_j=2.0))
    assert verdict.headline == "Fewest joules per correct answer: small; highest accuracy: big."
    assert any(s.startswith("Compared with small, big gains") and "times the joules" in s for s in verdict.sentences)


def test_equally_accurate_so_the_thrifty_one(judge, fake) -> None:
    verdict = judge(fake.System("big", accuracy=0.52, energy_j=90.0), fake.System("small", accuracy=0.5, energy_j=2.0))
    assert verdict.headline.startswith("small: fewest joules per correct answer")


def test_a_useless_but_thrifty_system_does_not_win_by_a_tie(judge, fake) -> None:
    # Nearly the same joules per correct answer, wide apart in accuracy: the accurate one is to be run.
    verdict = judge(fake.System("real", accuracy=0.6, energy_j=6.0), fake.System("guess", accuracy=0.3, energy_j=2.0))
    assert verdict.picks[0].answer == "guess or real"
    assert verdict.headline == ("real: highest accuracy, statistically tied for fewest joules per correct answer.")


def test_twins_are_tied(judge, fake) -> None:
    verdict = judge(fake.System("one"), fake.System("two"), items=20)
    assert verdict.headline.startswith("Statistical tie on joules per correct answer and on accuracy: ")
    assert verdict.sentences[0].startswith("Joules per correct answer are a statistical tie: ")
    assert "With 40 items the smallest ratio detectable with 80% power is" in verdict.sentences[0]
    assert verdict.sentences[1].startswith("Accuracy is a statistical tie: ")
    assert "With 40 items the smallest difference detectable with 80% power is" in verdict.sentences[1]


def test_modelled_joules_are_called_so_in_headline_and_sentence(judge, fake) -> None:
    verdict = judge(
        fake.System("good", accuracy=0.8, energy_j=2.0, provenance="modelled"),
        fake.System("bad", accuracy=0.3, energy_j=9.0, provenance="modelled"),
    )
    assert verdict.headline.endswith("The joules are modelled, not measured.")
    assert "modelled, not measured" in verdict.sentences[0]
    assert "modelled, not measured" in verdict.picks[0].figure


def test_mixed_provenance_is_not_ranked(judge, fake) -> None:
    verdict = judge(fake.System("metered", accuracy=0.8), fake.System("formula", accuracy=0.3, provenance="modelled"))
    assert verdict.headline == "No energy verdict, because the joules are not comparable; metered is the most accurate."
    assert verdict.picks[0].answer == "Not available"
    assert "not comparable (provenance: counter and modelled)" in verdict.sentences[0]


def test_no_valid_energy_says_so(judge, fake) -> None:
    verdict = judge(
        fake.System("hot", accuracy=0.8, invalid=("throttled",)), fake.System("blind", accuracy=0.3, energy_j=None)
    )
    assert verdict.headline == "No energy verdict, because no system has valid energy data; hot is the most accurate."
    assert verdict.sentences[-1] == (
        "Not ranked by energy: hot (measured windows not all valid) and blind (no joules)."
    )


def test_the_only_valid_one_does_not_win_by_walkover(judge, fake) -> None:
    verdict = judge(fake.System("fine"), fake.System("hot", energy_j=1.0, invalid=("throttled",)))
    assert verdict.headline == "Only fine can be ranked by energy: there is no other system to compare it with."


def test_each_domain_has_its_verdict(analysed, fake) -> None:
    analysis = analysed(fake.hostile())
    found = verdicts(analysis.measured)
    assert [verdict.domain for verdict in found] == [None, "arithmetic", '"><img src=x onerror=alert(1)>', "text"]


def test_a_choice_that_fails_whole_domains_says_so(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("rules", energy_j=1.0), fake.System("model", energy_j=64.0))))
    table = pd.read_parquet(run.layout.items_table)
    table.loc[table["system"] == "rules", "correct"] = (table["domain"] == "arithmetic").astype(float)
    table.to_parquet(run.layout.items_table)
    headline = verdicts(analyse(run).measured)[0].headline
    assert headline.startswith("rules: ")
    assert headline.endswith(" rules answers no item correctly in text: choose by domain.")


def test_one_domain_is_said_once(analysed, fake) -> None:
    analysis = analysed(fake.Run(fake.plain().systems, tasks=(("chain_sum", "arithmetic"),)))
    assert [verdict.domain for verdict in verdicts(analysis.measured)] == [None]


def test_systems_without_a_shared_item_are_not_told_apart(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("a", energy_j=2.0), fake.System("b", energy_j=9.0))))
    table = pd.read_parquet(run.layout.items_table)
    table[(table["system"] == "a") == (table["task"] == "chain_sum")].to_parquet(run.layout.items_table)
    analysis = analyse(run)
    ranking = rank(analysis.measured.pairs(), analysis.measured.systems, analysis.measured.judged, groups=[("a", "b")])
    assert ranking.energy[0].rivals[0].probability == 0.5
    assert ranking.accuracy.rivals[0].difference is None
    assert len(ranking.choices) == 2


def test_kinds_are_named_where_they_differ(analysed, fake) -> None:
    found = {verdict.domain: verdict for verdict in verdicts(analysed(fake.family()).measured)}
    assert found[None].headline.startswith("tuned (generalist): ")
    # Two rivals are so near that, adjusted for all comparisons, nothing is shown.
    assert found["text"].headline.startswith(
        "Statistical tie on joules per correct answer and on accuracy: specialist-text and tuned (generalist)."
    )
    assert "student (distilled)" in found["text"].picks[0].answer


def test_an_off_domain_specialist_is_left_out_with_its_like(analysed, fake) -> None:
    time = verdicts(analysed(fake.family()).measured)[-1]
    assert time.sentences[-1] == (
        "Not ranked by energy: specialist-arithmetic, specialist-text and specialist-logic "
        "(nothing answered correctly)."
    )


@pytest.mark.parametrize("router", ["oracle", "random", "always"])
def test_a_yardstick_is_shown_and_never_recommended(analysed, fake, router) -> None:
    yardstick = fake.System("best", "hybrid", accuracy=1.0, energy_j=0.5, members=("good",), router=router,
                            routes={"arithmetic": ("good",), "text": ("good",)})  # fmt: skip
    systems = (fake.System("good", accuracy=0.8, energy_j=2.0), fake.System("bad", accuracy=0.3, energy_j=9.0))
    analysis = analysed(fake.Run((*systems, yardstick), items=150))
    for verdict in verdicts(analysis.measured):
        assert verdict.choice == "good"
        assert "best" not in " ".join([verdict.headline, *verdict.sentences]).split()
    (caveat,) = [caveat for caveat in analysis.comparison.caveats if caveat.code == "yardstick"]
    assert caveat.text.startswith("best is a yardstick and never recommended: its router ")
    assert comparison_table(analysis.comparison).rows[-1][0].detail == "hybrid, yardstick"
    assert call_on(domain_table, analysis).rows[-1][2].text == "hybrid, yardstick"


def test_a_deployable_hybrid_may_win(analysed, fake) -> None:
    hybrid = fake.System("best", "hybrid", accuracy=1.0, energy_j=0.5, router="classifier")
    analysis = analysed(fake.Run((hybrid, fake.System("good", accuracy=0.8, energy_j=2.0))))
    assert verdicts(analysis.measured)[0].choice == "best (hybrid)"


def test_only_yardsticks_is_no_choice(analysed, fake) -> None:
    analysis = analysed(fake.Run((fake.System("told", "hybrid", router="oracle"),)))
    assert [verdict.headline for verdict in verdicts(analysis.measured)] == [
        "Only yardsticks took part, so there is nothing to choose."
    ]


def test_a_choice_that_is_weak_in_a_domain_says_so(make_run, fake) -> None:
    narrow = fake.System("narrow", accuracy=0.2, by_domain={"arithmetic": 0.9}, energy_j=0.25)
    run = make_run(fake.Run((narrow, fake.System("wide", accuracy=0.6, energy_j=64.0)), items=150))
    assert verdicts(analyse(run).measured)[0].headline.endswith(
        " narrow has less than half the accuracy of the best system in text: choose by domain."
    )


def test_many_contenders_are_counted_after_the_first(analysed, fake) -> None:
    twins = tuple(fake.System(f"twin-{place}") for place in range(6))
    overall = verdicts(analysed(fake.Run(twins, items=20)).measured)[0]
    assert overall.choice.endswith(" or any of 5 others")


def test_the_table_by_domain_has_a_row_for_each(analysed, fake) -> None:
    table = choices_table(verdicts(analysed(fake.family()).measured))
    assert [row[0].text for row in table.rows] == ["arithmetic", "text", "logic", "time"]
    assert table.rows[0][1].text == "specialist-arithmetic"
    assert all(len(row) == len(table.columns) for row in table.rows)
    one = analysed(fake.Run(fake.plain().systems, tasks=(("chain_sum", "arithmetic"),)))
    assert choices_table(verdicts(one.measured)) is None
