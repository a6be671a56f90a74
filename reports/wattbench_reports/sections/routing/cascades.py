"""A cheaper system first, then a better one: from which quality of the check on that pays."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.sections.model import Figure, Passage
from wattbench_reports.sections.routing.tables import page_table
from wattbench_reports.wording.routing import RoutingWords
from wattbench_reports.wording.routing.pictures import DRAWN_CASCADES, cascades_picture


def cascades_passage(words: RoutingWords, places: Mapping[str, int]) -> Passage | None:
    """Make the passage; None without a cascade that may pay.

    Args:
        words: of a study.
        places: each system's index among all of the run, which selects its colour.
    """
    picture = cascades_picture(words.study, places)
    if words.cascades is None or picture is None:
        return None
    left = len(words.study.cascades) - DRAWN_CASCADES
    shaded = "Shaded around the heavy line: 95% intervals"
    more = f" {left} more in the table." if left > 0 else ""
    return Passage(
        "A cheaper system first, then a better one",
        words.by_topic.get("cascades", ()),
        (page_table(words.cascades, "Cascades that may pay"),),
        Figure(
            picture,
            "Figure: accuracy and cost of cascades against the quality of the check",
            f"A check accepts correct answers and rejects wrong ones, both as often as the axis says. {shaded}.{more}",
        ),
    )
