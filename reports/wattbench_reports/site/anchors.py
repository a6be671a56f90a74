"""Give systems and charts their ids in links and their colours, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wattbench_reports.history import EVERYWHERE, Trend
from wattbench_reports.presenter.anchors import slug


@dataclass(frozen=True)
class Anchors:
    """The ids in links, and the positions, of the systems and charts of a history."""

    positions: Mapping[str, int]
    """System to its position among all systems, which gives its colour and mark."""
    sections: Mapping[str, str]
    """System to the id of its part of a page of trends."""
    charts: Mapping[tuple[str, str], str]
    """(System, domain) to the id of its chart."""

    @classmethod
    def of(cls, trends: Sequence[Trend]) -> Anchors:
        """Give systems and charts their ids in order of appearance, the same for all metrics."""
        systems = list(dict.fromkeys(trend.system for trend in trends))
        domains = list(dict.fromkeys(trend.domain for trend in trends))
        sections = dict(zip(systems, _ids(systems), strict=True))
        endings = dict(zip(domains, _ids("all" if domain == EVERYWHERE else domain for domain in domains), strict=True))
        return cls(
            positions={system: position for position, system in enumerate(systems)},
            sections=sections,
            charts={(t.system, t.domain): f"{sections[t.system]}--{endings[t.domain]}" for t in trends},
        )


def _ids(names: Iterable[str]) -> list[str]:
    ids: list[str] = []
    for name in names:
        candidate, number = slug(name), 2
        while candidate in ids:
            candidate, number = f"{slug(name)}-{number}", number + 1
        ids.append(candidate)
    return ids
