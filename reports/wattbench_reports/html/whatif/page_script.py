"""Joins the page's one script from its parts, one per concept."""

from __future__ import annotations

from wattbench_reports.presenter.templating import own_file

PARTS = (
    "carried_data",
    "words",
    "sums",
    "distributions",
    "intervals",
    "ties",
    "verdict",
    "decision_words",
    "covarying",
    "costs",
    "checking",
    "choosing",
    "deciding",
    "geometry",
    "picture",
    "restated",
    "residents",
    "first_screen",
    "controls",
)
"""Files of `script/`, in the order in which they are joined: a part uses those before it, and the last one acts."""


def script_of_page() -> str:
    """Return the JavaScript of the page, which updates values for other settings and does nothing else."""
    parts = (own_file(f"script/{name}.js", "wattbench_reports.html.whatif") for name in PARTS)
    return "\n".join(("(() => {", '"use strict";', *parts, "})();\n"))
