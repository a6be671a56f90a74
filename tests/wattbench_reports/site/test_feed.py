"""The feed of alarms: valid Atom, whatever a record says, and the same ids wherever and whenever it is built."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.made_up.site_history import Made, made_up
from wattbench_reports.history.night_alerts import all_alerts
from wattbench_reports.site.build import site_pages
from wattbench_reports.site.feed import MOST_ENTRIES, feed
from wattbench_reports.site.full_reports import FullReports
from wattbench_reports.site.links import FEED, Links

ATOM = "{http://www.w3.org/2005/Atom}"
STEPS = {("specialist", "", "latency_p50"): (20, 1.25)}


def feed_of(made: Made) -> str:
    return feed(made.history, all_alerts(made.history, made.verdict), Links(made.history, FEED)).decode()


def keep(root: Path, made: Made, place: int, verdict: object) -> str:
    """Write the verdict of an earlier night, and return its run."""
    run = made.history.nights[place].run
    (root / "verdicts").mkdir(exist_ok=True)
    (root / "verdicts" / f"{run}.json").write_text(json.dumps(verdict))
    return run


def entry(alarm: str = "specialist: latency p50 rose.") -> dict[str, object]:
    alert = {"kind": "alarm", "system": "specialist", "domain": "", "metric": "latency_p50", "text": alarm}
    return {"headline": f"A night raises an alarm: {alarm}", "night": {"alerts": [alert]}}


def check_atom(text: str) -> ET.Element:
    """What RFC 4287 requires of a feed and its entries."""
    root = ET.fromstring(text)
    assert root.tag == f"{ATOM}feed"
    assert root.findall(f"{ATOM}author/{ATOM}name")
    for element in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            (child,) = element.findall(f"{ATOM}{name}")
            assert child.text
        (id_,) = element.findall(f"{ATOM}id")
        assert uuid.UUID(str(id_.text)).urn == id_.text
        when = datetime.fromisoformat(str(element.findtext(f"{ATOM}updated")))
        assert when.utcoffset() is not None
    alternates = [link for link in root.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert len(alternates) == 1
    assert [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"] == ["feed.xml"]
    ids = [each.findtext(f"{ATOM}id") for each in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    for each in root.findall(f"{ATOM}entry"):
        assert each.findall(f"{ATOM}content")
        assert len(each.findall(f"{ATOM}link")) == 1
    return root


def test_what_a_reader_is_given(tmp_path: Path, golden) -> None:
    made = made_up(tmp_path, steps=STEPS, missing=[9])
    keep(tmp_path, made, 3, entry())
    text = feed_of(made)
    check_atom(text)
    golden("feed.xml", text)


def test_a_still_history_has_a_valid_feed_without_entries(tmp_path: Path) -> None:
    assert not check_atom(feed_of(made_up(tmp_path))).findall(f"{ATOM}entry")


def test_it_is_a_file_of_the_site(tmp_path: Path) -> None:
    made = made_up(tmp_path, steps=STEPS)
    pages = site_pages(made.history, made.trends, made.verdict, FullReports(frozenset(), ""))
    assert pages[FEED].decode() == feed_of(made)


def test_every_entry_leads_to_its_night(tmp_path: Path) -> None:
    made = made_up(tmp_path, steps=STEPS)
    keep(tmp_path, made, 3, entry())
    pages = site_pages(made.history, made.trends, made.verdict, FullReports(frozenset(), ""))
    links = [each.get("href") for each in ET.fromstring(pages[FEED]).iterfind(f"{ATOM}entry/{ATOM}link")]
    assert links == ["nights.html#night-2026-01-30", "nights.html#night-2026-01-04"]
    for link in links:
        assert f'id="{str(link).partition("#")[2]}"' in pages["nights.html"].decode()


def test_an_entry_keeps_its_id_when_other_nights_follow(tmp_path: Path) -> None:
    alarmed = made_up(tmp_path, 25, steps=STEPS)
    (last,) = ET.fromstring(feed_of(alarmed)).iterfind(f"{ATOM}entry/{ATOM}id")
    later = made_up(tmp_path, 40)
    keep(tmp_path, later, 24, entry())
    (same,) = ET.fromstring(feed_of(later)).iterfind(f"{ATOM}entry/{ATOM}id")
    assert same.text == last.text


def test_a_worsening_without_an_alarm_is_an_entry(tmp_path: Path) -> None:
    made = made_up(tmp_path, 5, steps={("specialist", "", "latency_p50"): (4, 3.0)}, alarmed=False)
    (title,) = check_atom(feed_of(made)).iterfind(f"{ATOM}entry/{ATOM}title")
    assert " does not pass: specialist latency p50 is +" in str(title.text)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "]]>&amp;&", "a\x00\x1b\u202eb\ud800", "\"'"])
def test_hostile_texts_are_escaped(tmp_path: Path, hostile: str) -> None:
    made = made_up(tmp_path)
    keep(tmp_path, made, 3, entry(hostile))
    text = feed_of(made)
    root = check_atom(text)
    assert not re.search(r"<script|[\x00\x1b\u202e]", text)
    assert len(list(root.iter("{http://www.w3.org/1999/xhtml}li"))) == 1


@pytest.mark.parametrize(
    ("verdict", "entries"),
    [
        (None, 0), ([], 0), ("x", 0), ({"night": {"alerts": "x"}}, 0), ({"night": {"alerts": []}}, 0),
        ({"night": {"alerts": [{"kind": "alarm"}, 3, {"kind": "x"}]}}, 1),
        ({"metrics": [{"blocks": True, "verdict": "regressed", "reason": "Slower."}], "headline": "h"}, 1),
        ({"metrics": [{"blocks": False, "verdict": "regressed", "reason": "Slower."}], "headline": "h"}, 0),
        ({"metrics": [{"blocks": True, "verdict": "regressed"}, 3]}, 1),
    ],
)  # fmt: skip
def test_old_and_damaged_verdicts_are_read_or_left_out(tmp_path: Path, verdict: object, entries: int) -> None:
    made = made_up(tmp_path)
    keep(tmp_path, made, 3, verdict)
    assert len(check_atom(feed_of(made)).findall(f"{ATOM}entry")) == entries


def test_a_date_that_cannot_be_read_does_not_break_the_feed(tmp_path: Path) -> None:
    made = made_up(tmp_path, steps=STEPS)
    *others, last = made.history.nights
    history = replace(made.history, nights=(*others, replace(last, created_utc="yesterday")))
    text = feed(history, all_alerts(history, made.verdict), Links(history, FEED)).decode()
    assert check_atom(text).findtext(f"{ATOM}entry/{ATOM}updated") == "2026-01-30T00:00:00+00:00"


def test_it_has_the_newest_entries_alone(tmp_path: Path) -> None:
    made = made_up(tmp_path, MOST_ENTRIES + 20, domains=())
    for place in range(MOST_ENTRIES + 10):
        keep(tmp_path, made, place, entry(f"alarm {place}."))
    titles = [str(each.text) for each in check_atom(feed_of(made)).iterfind(f"{ATOM}entry/{ATOM}title")]
    assert len(titles) == MOST_ENTRIES
    assert titles[0].endswith(f"alarm {MOST_ENTRIES + 9}.")
