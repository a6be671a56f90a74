"""Which experts a mixture asks: recounted, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench.records import read_run
from wattbench_reports.analyses.experts import expert_use, recorded_choices
from wattbench_reports.comparison.analysis import analyse
from wattbench_reports.sections.experts import experts_section

EXPERTS = ("one", "two")


def mixture(fake, **more):
    return fake.Run((fake.System("mix", "moe", experts=EXPERTS, **more), fake.System("plain")))


def uses(analysis):
    return [expert_use(choices) for choices in recorded_choices(analysis)]


@pytest.mark.parametrize("repeats", [1, 2])
def test_shares_are_recounted_from_the_records(make_run, fake, repeats) -> None:
    four = ("a", "b", "c", "d")
    run = make_run(fake.Run((fake.System("mix", "moe", experts=four, favour=0.5),), items=6, repeats=repeats))
    (use,) = uses(analyse(run))
    assert (use.domains, use.items, use.layers) == (("arithmetic", "text"), (6, 6), (2, 3, 4, 5, 6, 7))
    for column, task in enumerate(("chain_sum", "spell_backward")):
        rows = run.experts("mix", task)
        items = [sum(np.array(row.counts) for row in rows if row.doc_id == doc) for doc in range(6)]
        share = np.mean([own / own.sum(axis=1, keepdims=True) for own in items], axis=0)
        assert use.shares[:, column] == pytest.approx(share)
    assert use.shares.sum(axis=2) == pytest.approx(1.0)
    assert all(0 < even <= 1 for even in use.evenness)


def test_what_choosing_two_of_four_can_tell_at_most(analysed, fake) -> None:
    (four,) = uses(analysed(fake.Run((fake.System("mix", "moe", experts=tuple("abcd")),))))
    assert four.at_most_bits == pytest.approx(1.0)
    assert four.dependence is not None
    assert four.dependence.mean_bits <= four.at_most_bits


def _said(section) -> tuple[str, ...]:
    """Return the sentences on the mixture."""
    return next(each.sentences for each in section.passages if each.heading == "mix")


def test_two_of_two_experts_can_tell_nothing(analysed, fake) -> None:
    analysis = analysed(mixture(fake, favour=1.0))
    (use,) = uses(analysis)
    assert use.at_most_bits == 0.0
    section = experts_section(analysis)
    assert section is not None
    assert "is not distinguishable from chance (p = 1.000; 1,999 permutations" in _said(section)[0]


def test_words_for_planted_and_for_no_specialisation(make_run, fake) -> None:
    said = {}
    for favour in (0.0, 0.2, 1.0):
        mix = fake.System("mix", "moe", experts=tuple("abcd"), favour=favour)
        run = make_run(fake.Run((mix,), name=f"f{favour}", items=30))
        section = experts_section(analyse(run))
        assert section is not None
        said[favour] = _said(section)
    assert said[0.0][0].startswith("The selection of experts is not distinguishable from chance (p = .")
    assert "specialisation" not in said[0.0][1]
    assert said[0.2][0].startswith("The selection of experts depends on the domain (p < .001; 1,999 permutations")
    assert said[0.2][0].endswith("60 items, seed 1).")
    assert said[0.2][1].endswith(": a weak specialisation.")
    assert "moderate" in said[1.0][1]


def test_one_domain_is_not_tested(make_run, fake) -> None:
    run = make_run(fake.Run((fake.System("mix", "moe", experts=tuple("abc")),), tasks=(("chain_sum", "arithmetic"),)))
    analysis = analyse(run)
    assert uses(analysis)[0].dependence is None
    section = experts_section(analysis)
    assert section is not None
    assert _said(section)[0].startswith("All items are of one domain")
    assert "experts-figure" not in {each.figure.drawing.name for each in section.passages if each.figure is not None}


def test_absent_where_nothing_is_on_record(analysed, make_run, fake) -> None:
    assert experts_section(analysed(fake.plain())) is None
    run = make_run(fake.Run((fake.System("mix", "moe", experts=EXPERTS),), name="mixture"))
    for path in (run.layout.root / "experts" / "mix").iterdir():
        path.unlink()
    assert experts_section(analyse(read_run(run.layout.root))) is None
