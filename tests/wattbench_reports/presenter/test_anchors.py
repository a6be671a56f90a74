"""Links into the page: ids from headings, unique, and the same tomorrow."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.presenter.anchors import anchors, slug
from wattbench_reports.presenter.model import Passage, Section


def section(name: str, *headings: str) -> Section:
    return Section(name, name, name, "", tuple(Passage(heading, ()) for heading in headings))


def test_ids_come_from_headings() -> None:
    found = anchors([section("routing", "Hybrid: who answers?", "", "Hybrid, who answers"), section("load", "Évén")])
    assert found == {
        "routing": ["routing-hybrid-who-answers", "routing-part-2", "routing-hybrid-who-answers-2"],
        "load": ["load-even"],
    }


def test_an_insertion_moves_no_other_link() -> None:
    before = anchors([section("routing", "a", "c")])["routing"]
    after = anchors([section("routing", "a", "b", "c")])["routing"]
    assert set(before) < set(after)


def test_a_heading_without_latin_letters_has_an_id_of_its_own() -> None:
    assert slug("漢字") != slug("かな")
    assert re.fullmatch(r"[0-9a-f]{8}", slug("漢字"))
    assert slug("\ud800")


names = st.text(alphabet="abc -é漢<\"'&#", max_size=8)


@given(st.lists(st.lists(names, max_size=6), max_size=4))
def test_ids_are_unique_and_plain(headings: list[list[str]]) -> None:
    sections = [section(f"s{place}", *own) for place, own in enumerate(headings)]
    sections.append(section("s", "1-a", "0-a", *[heading for own in headings for heading in own]))
    found = [identity for own in anchors(sections, ["s-taken"]).values() for identity in own]
    everything = [*found, *(each.id for each in sections), "s-taken"]
    assert len(set(everything)) == len(everything)
    for identity in found:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity), "so that -- is free for what stands within"


def test_a_long_heading_is_cut_between_words() -> None:
    assert slug("word " * 40) == "-".join(["word"] * 12)
    assert slug("w" * 200) == "w" * 60
