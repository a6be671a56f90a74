"""Write the alarms of all nights as an Atom feed (RFC 4287), for readers and chats that follow it.

Links are relative to the feed's own address, as those of all pages are, so that a site can be moved: readers resolve
them, as RFC 4287, section 2 has it. Ids are absolute and come from the run alone: an entry keeps its id wherever the
site is.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from wattbench_reports.formatting.safe_text import xml_text
from wattbench_reports.history import History, Night
from wattbench_reports.history.night_verdict import NightVerdict, alerts
from wattbench_reports.site.links import FEED, INDEX, NIGHTS, Links, night_id
from wattbench_reports.tables.json_values import mapping, objects, text, texts

MOST_ENTRIES = 100
"""The newest nights with an alarm that the feed has."""

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"
_OF_FEEDS = uuid.UUID("6f0d3c1e-6a55-5c1b-9a0e-0d7c2f6f5b11")
"""The namespace of the ids. Never change it: every reader would show all entries again."""


@dataclass(frozen=True)
class AlarmEntry:
    """A night that raised alarms, or on which a figure got worse beyond anything seen before."""

    night: Night
    headline: str
    alarms: tuple[str, ...]
    """Sentences."""


def alarm_entries(history: History, verdict: NightVerdict) -> tuple[AlarmEntry, ...]:
    """Return the nights with alarms, newest first: the last night as judged now, others as they were judged then.

    Args:
        history: whose folder has `verdicts/`.
        verdict: on the last night.
    """
    last = AlarmEntry(history.nights[-1], verdict.result.headline, alerts(verdict))
    entries = [last, *(_kept(history.root, night) for night in reversed(history.nights[:-1]))]
    return tuple(each for each in entries if each.alarms)[:MOST_ENTRIES]


def feed(history: History, entries: Sequence[AlarmEntry], links: Links) -> bytes:
    """Return the feed's document; without an alarm it has no entry.

    Args:
        history: with one night at least.
        entries: newest first.
        links: of the feed.
    """
    last = history.nights[-1]
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(root, "id", _id(last.suite, history.nights[0].run))
    _text(root, "title", f"Alarms of {last.suite} (wattbench nightly)")
    _text(root, "updated", _updated(entries[0].night if entries else history.nights[0]))
    _text(ET.SubElement(root, "author"), "name", "wattbench")
    _text(root, "generator", "wattbench")
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": links.to(FEED)})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": links.to(INDEX)})
    for each in entries:
        _add(root, each, links)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _add(root: ET.Element, entry: AlarmEntry, links: Links) -> None:
    element = ET.SubElement(root, "entry")
    _text(element, "id", _id(entry.night.suite, entry.night.run))
    _text(element, "title", entry.headline)
    _text(element, "updated", _updated(entry.night))
    href = links.to(NIGHTS, night_id(entry.night.date))
    ET.SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": href})
    content = ET.SubElement(element, "content", {"type": "xhtml"})
    box = ET.SubElement(content, "div", {"xmlns": _XHTML})
    alarms = ET.SubElement(box, "ul")
    for alarm in entry.alarms:
        _text(alarms, "li", alarm)


def _text(parent: ET.Element, name: str, shown: str) -> None:
    ET.SubElement(parent, name).text = xml_text(shown)


def _id(suite: str, run: str) -> str:
    return uuid.uuid5(_OF_FEEDS, f"{suite}\n{run}").urn


def _updated(night: Night) -> str:
    """Return when a night began, as RFC 3339 has it; of a damaged record, midnight."""
    try:
        when = datetime.fromisoformat(night.created_utc)
    except ValueError:
        when = datetime.combine(night.date, datetime.min.time())
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _kept(root: Path, night: Night) -> AlarmEntry:
    """Read the verdict of an earlier night; without alarms where there is none, or it cannot be read."""
    try:
        verdict: Any = json.loads((root / "verdicts" / f"{night.run}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        verdict = None
    known = mapping(verdict) or {}
    of_night = mapping(known.get("night"))
    if of_night is None:  # judged by a wattbench that did not list them
        blocking = [each for each in objects(known.get("metrics")) if each.get("blocks") is True]
        alarms = tuple(text(each.get("reason")) or "" for each in blocking if each.get("verdict") == "regressed")
    else:
        alarms = texts(of_night.get("alarms"))
    return AlarmEntry(night, text(known.get("headline")) or f"The night of {night.date}", alarms)
