"""The sentences on systems that were not asked to the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wattbench.records import BoundedRow, DroppedRow, LookRow
from wattbench_reports.wording.dropped import dropped_lines, left_out_line, reason

LOOK = LookRow(
    blocks=5, level=0.001, objective="cost", unit="joules", currency=None, systems=["a", "b", "c"], dropped=[], at_s=1.0
)
FAILS = DroppedRow(
    system="a", items=20, accuracy=None, cost=None, quantity="accuracy", bound=0.8,
    figure=BoundedRow(estimate=0.5, low=0.4, high=0.61),
)  # fmt: skip
BEATEN = DroppedRow(
    system="b", items=20, accuracy=None, cost=None, rival="c",
    worse={"cost": BoundedRow(estimate=3.0, low=2.1, high=4.0)},
)  # fmt: skip
LOWER = BoundedRow(estimate=0.1, low=0.032, high=0.2)
MET = BoundedRow(estimate=0.9, low=0.85, high=1.0)


@pytest.mark.parametrize(
    ("row", "look", "said"),
    [
        (FAILS, {}, "its accuracy is at most 61.0%, and at least 80% is required"),
        (
            replace(FAILS, domain="code"),
            {},
            "its accuracy in code is at most 61.0%, and at least 80% is required",
        ),
        (
            replace(FAILS, quantity="joules", bound=5.0, figure=BoundedRow(estimate=7.0, low=6.25, high=8.0)),
            {},
            "its joules are at least 6.25 J per request, and at most 5 J per request is required",
        ),
        (
            replace(FAILS, quantity="p95", bound=0.3, figure=BoundedRow(estimate=0.6, low=0.5, high=0.72)),
            {},
            "at most 72.0% of its requests end within 300 ms, and 95% are required to",
        ),
        (replace(FAILS, figure=None), {}, "it does not meet an accuracy of at least 80%"),
        (BEATEN, {}, "it costs at least 2.10 J per request more than c"),
        (
            replace(BEATEN, meets={"accuracy": MET}),
            {},
            "it costs at least 2.10 J per request more than c, which meets what is required",
        ),
        (
            replace(BEATEN, worse={**BEATEN.worse, "accuracy:code": LOWER}, meets={"p95": MET}),
            {},
            "it costs at least 2.10 J per request more than c, which meets what else is required, and its accuracy in "
            "code is lower",
        ),
        (
            replace(BEATEN, worse={**BEATEN.worse, "accuracy": LOWER}),
            {"objective": "prices", "unit": "money", "currency": "EUR"},
            "it costs at least 2.10 EUR per request more than c, and its accuracy is lower",
        ),
        (
            replace(BEATEN, worse={"benefit": BoundedRow(estimate=3.0, low=0.002, high=4.0)}),
            {"objective": "benefit", "unit": "money", "currency": "EUR"},
            "its net benefit is at least 2.00 EUR per 1,000 requests lower than that of c",
        ),
        (
            replace(BEATEN, worse={"accuracy": LOWER}),
            {"objective": "accuracy", "unit": None},
            "its accuracy is at least 3.2 points lower than that of c",
        ),
    ],
)
def test_a_reason_names_the_bound_that_shows_it(row: DroppedRow, look: dict[str, object], said: str) -> None:
    assert reason(row, replace(LOOK, **look)) == said


def test_a_line_per_system_and_one_for_all() -> None:
    first, second = replace(LOOK, dropped=[FAILS]), replace(LOOK, blocks=6, systems=["b", "c"], dropped=[BEATEN])
    assert dropped_lines(second, 16) == [
        "after block 6 of 16: b is not asked any more: it costs at least 2.10 J per request more than c"
    ]
    assert left_out_line([first, second], 3, 1_300, 4_800) == (
        "2 of 3 systems could not be chosen any more and were not asked to the end (after block 5: a; after block 6: "
        "b): 1,300 of 4,800 requests left out"
    )
    assert left_out_line([replace(LOOK, dropped=[])], 3, 0, 4_800) is None
