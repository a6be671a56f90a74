"""Requirements in a suite file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wattbench.config import Decide


def test_shares_are_numbers_or_per_cent() -> None:
    assert Decide.model_validate({"min_accuracy": "80%"}).min_accuracy == 0.8
    by_domain = Decide.model_validate({"min_accuracy": {"all": 0.8, "text": "95 %"}}).min_accuracy
    assert by_domain == {"all": 0.8, "text": 0.95}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min_accuracy": 80}, "80 is no share of correct answers: write 0.8 or 80%"),
        ({"min_accuracy": {"text": 0}}, "0 is no share of correct answers"),
        ({"min_accuracy": "good"}, "valid number"),
        ({"max_p95_s": 0}, "greater than 0"),
        ({"worth_right": -1}, "greater than or equal to 0"),
        ({"minimise": "watts"}, "'joules', 'grams', 'money' or 'seconds'"),
        ({"max_p95": 0.3}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_said(given: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Decide.model_validate(given)
