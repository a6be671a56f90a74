"""How long a refusal asks us to wait, in every convention, and what asks for nothing."""

from __future__ import annotations

import pytest

from wattbench.systems.endpoint.pacing import asked_delay_s

NOW_S = 1_795_824_000.0  # Sat, 28 Nov 2026 00:00:00 GMT
LATER = "Sat, 28 Nov 2026 00:00:30 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": LATER}, 30),
        ({"retry-after": LATER, "date": "Sat, 28 Nov 2026 00:00:20 GMT"}, 10),  # its clock, not ours
        ({"retry-after": "Saturday, 28-Nov-26 00:00:30 GMT"}, 30),  # RFC 850's form, which RFC 9110 allows
        ({"x-ratelimit-reset-requests": "1s"}, 1),
        ({"x-ratelimit-reset-requests": "20ms", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        (
            {
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-remaining-requests": "14",
                "x-ratelimit-reset-tokens": "7.66s",
                "x-ratelimit-remaining-tokens": "0",
            },
            7.66,
        ),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-reset": str(int(NOW_S + 40) * 1000)}, 40),
        ({"ratelimit-reset": str(int(NOW_S + 40))}, 40),
        ({"ratelimitbysize-reset": "9"}, 9),
        ({"retry-after": "1000000000"}, 1e9),
    ],
)
def test_the_conventions(headers: dict[str, str], seconds: float) -> None:
    assert asked_delay_s(headers, NOW_S) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    ["", "-1", "-1e9", "0", "soon", "nan", "inf", "1e999", "NaNs", "0x10", "1_000", "٣", "5,5", "Fri, 99 Foo 2026",
     "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 200, "1s" * 60, "\x00", "2026-11-28T00:00:30Z"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "x-ratelimit-reset"])
def test_what_asks_for_no_wait_is_not_read(name: str, value: str) -> None:
    assert asked_delay_s({name: value}, NOW_S) is None
    assert asked_delay_s({name: value, "ratelimit-reset": "3"}, NOW_S) == 3  # and hides nothing that does
