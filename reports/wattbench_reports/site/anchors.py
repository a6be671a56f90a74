"""What the systems and their charts are called in links, and which colour each has: the same on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.history import EVERYWHERE, Trend
from wattbench_reports.html.anchors import slug


@dataclass(frozen=True)
class Names:
    """Of a whole history."""

    places: Mapping[str, int]
    """System to its place among all, for its colour and mark."""
    sections: Mapping[str, str]
    """System to the id of its part of a page of trends."""
    charts: Mapping[tuple[str, str], str]
    """(System, domain) to the id of its chart."""

    @classmethod
    def of(cls, trends: Sequence[Trend]) -> Names:
        """In the order in which they first come; a system or domain has one id for all metrics."""
        systems = list(dict.fromkeys(trend.system for trend in trends))
        domains = list(dict.fromkeys(trend.domain for trend in trends))
        sections = dict(zip(systems, _ids(systems), strict=True))
        endings = dict(zip(domains, _ids("all" if domain == EVERYWHERE else domain for domain in domains), strict=True))
        return cls(
            places={system: place for place, system in enumerate(systems)},
            sections=sections,
            charts={(t.system, t.domain): f"{sections[t.system]}--{endings[t.domain]}" for t in trends},
        )


def _ids(names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        own, number = slug(name), 2
        while own in found:
            own, number = f"{slug(name)}-{number}", number + 1
        found.append(own)
    return found
