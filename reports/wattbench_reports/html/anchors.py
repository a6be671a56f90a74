"""Where links into the page lead: an id for every passage, from its heading, so that a link outlives an insertion."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from wattbench_reports.sections.model import Section

_LONGEST = 60


def anchors(sections: Iterable[Section], taken: Iterable[str] = ()) -> dict[str, list[str]]:
    """Each section's id to the ids of its passages, in order: ``routing-hybrid``, unique in the page.

    None holds two hyphens in a row, so that whatever stands within a passage can be ``<its id>--<something>``.

    Args:
        sections: of the page.
        taken: ids that stand elsewhere.
    """
    sections = list(sections)
    used = {*taken, *(section.id for section in sections)}
    found: dict[str, list[str]] = {}
    for section in sections:
        ids = found.setdefault(section.id, [])
        for place, passage in enumerate(section.passages, start=1):
            wanted = f"{section.id}-{slug(passage.heading) if passage.heading else f'part-{place}'}"
            ids.append(_free(wanted, used))
    return found


def slug(heading: str) -> str:
    """A heading in letters, digits and single hyphens. One without any in Latin script gives digits of its hash."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > _LONGEST:
        words = words[:_LONGEST].rpartition("-")[0] or words[:_LONGEST]
    return words or hashlib.sha256(heading.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def _free(wanted: str, used: set[str]) -> str:
    found, number = wanted, 2
    while found in used:
        found, number = f"{wanted}-{number}", number + 1
    used.add(found)
    return found
