"""Gives each passage of the page an id made from its heading, so that links survive insertions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from wattbench_reports.presenter.model import Section

_LONGEST = 60


def anchors(sections: Iterable[Section], taken: Iterable[str] = ()) -> dict[str, list[str]]:
    """Map each section's id to the ids of its passages, in order: ``routing-hybrid``, unique in the page.

    None contains two hyphens in a row, so elements of a passage can be ``<its id>--<something>``.

    Args:
        sections: of the page.
        taken: ids used elsewhere.
    """
    sections = list(sections)
    used = {*taken, *(section.id for section in sections)}
    by_section: dict[str, list[str]] = {}
    for section in sections:
        ids = by_section.setdefault(section.id, [])
        for number, passage in enumerate(section.passages, start=1):
            wanted = f"{section.id}-{slug(passage.heading) if passage.heading else f'part-{number}'}"
            ids.append(_free(wanted, used))
    return by_section


def slug(heading: str) -> str:
    """Reduce a heading to Latin letters, digits and hyphens; to digits of its hash if it has no such character."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > _LONGEST:
        words = words[:_LONGEST].rpartition("-")[0] or words[:_LONGEST]
    return words or hashlib.sha256(heading.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def _free(wanted: str, used: set[str]) -> str:
    candidate, number = wanted, 2
    while candidate in used:
        candidate, number = f"{wanted}-{number}", number + 1
    used.add(candidate)
    return candidate
