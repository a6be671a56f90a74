"""Write the alarms of all nights as an Atom feed (RFC 4287), for readers and chats that follow it.

Links are relative to the feed's own address, as those of all pages are, so that a site can be moved: readers resolve
them, as RFC 4287, section 2 has it. Ids are absolute and come from the run alone: an entry keeps its id wherever the
site is.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from wattbench_reports.formatting.safe_text import xml_text
from wattbench_reports.history import History, Night
from wattbench_reports.history.night_alerts import NightAlerts
from wattbench_reports.site.links import FEED, INDEX, NIGHTS, Links, night_id

MOST_ENTRIES = 100
"""The number of nights that the feed has at most."""

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"
_OF_FEEDS = uuid.UUID("6f0d3c1e-6a55-5c1b-9a0e-0d7c2f6f5b11")
"""The namespace of the ids. Never change it: every reader would show all entries again."""


def feed(history: History, reported: Mapping[str, NightAlerts], links: Links) -> bytes:
    """Return the feed's document, with an entry for each of the newest nights that had something to report.

    Args:
        history: with one night at least.
        reported: by run, from `all_alerts`.
        links: of the feed.
    """
    last = history.nights[-1]
    entries = [(night, reported[night.run]) for night in reversed(history.nights) if reported[night.run].alerts]
    entries = entries[:MOST_ENTRIES]
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(root, "id", _id(last.suite, history.nights[0].run))
    _text(root, "title", f"Alarms of {last.suite} (wattbench nightly)")
    _text(root, "updated", _updated(entries[0][0] if entries else history.nights[0]))
    _text(ET.SubElement(root, "author"), "name", "wattbench")
    _text(root, "generator", "wattbench")
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": links.to(FEED)})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": links.to(INDEX)})
    for night, alerts in entries:
        _add(root, night, alerts, links)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _add(root: ET.Element, night: Night, reported: NightAlerts, links: Links) -> None:
    element = ET.SubElement(root, "entry")
    _text(element, "id", _id(night.suite, night.run))
    _text(element, "title", reported.headline or f"The night of {night.date}")
    _text(element, "updated", _updated(night))
    href = links.to(NIGHTS, night_id(night.date))
    ET.SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": href})
    content = ET.SubElement(element, "content", {"type": "xhtml"})
    box = ET.SubElement(content, "div", {"xmlns": _XHTML})
    listed = ET.SubElement(box, "ul")
    for alert in reported.alerts:
        _text(listed, "li", alert.text)


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
