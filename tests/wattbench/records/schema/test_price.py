"""The price of a system in a suite: what may be named, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from wattbench.config import load_suite
from wattbench.records.schema.price import Price
from wattbench.records.schema.recorded import recorded


def test_a_price_is_recorded_as_json_holds_it() -> None:
    price = Price.model_validate(
        {
            "input_per_million": 0.15,
            "output_per_million": 0.6,
            "currency": "USD",
            "date": "2026-11-25",
            "source": "list",
        }
    )
    block = price.model_dump(mode="json")
    assert block["date"] == "2026-11-25"
    assert Price.model_validate(block) == price  # as a run is resumed by its record
    assert recorded(Price, block, "price") == price


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"per_request": None}, "name at least one of input_per_million, cached_input_per_million"),
        ({"currency": "dollars"}, "currency"),
        ({"currency": None}, "currency"),
        ({"per_request": -1}, "per_request"),
        ({"per_request": float("inf")}, "per_request"),
        ({"cached_input_per_million": 1}, "cached_input_per_million also needs input_per_million"),
        ({"cache_write_per_million": 1}, "cache_write_per_million also needs input_per_million"),
        ({"gpus": 2}, "gpus goes with per_gpu_hour"),
        ({"utilisation": 0.5}, "utilisation goes with per_gpu_hour or per_machine_hour"),
        ({"per_machine_hour": 1, "utilisation": 0}, "utilisation"),
        ({"date": "yesterday"}, "date"),
        ({"electricity": "free"}, "electricity"),
        ({"per_requset": 1}, "per_requset"),
    ],
)
def test_a_price_that_is_none_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Price.model_validate({"per_request": 1, "currency": "USD"} | changes)


def test_a_price_does_not_make_another_suite(tmp_path: Path) -> None:
    """What is used only when a run is read: sessions of the suite stay its sessions."""
    text = (Path(__file__).parents[4] / "examples/sums/suite.yaml").read_text()
    plain = _hash(tmp_path / "plain", text)
    priced = text.replace('answers.py:hasty"}', 'answers.py:hasty", price: {per_request: 1, currency: USD}}')
    assert priced != text
    assert _hash(tmp_path / "plain", priced) == plain
    assert _hash(tmp_path / "plain", priced + "workload: {price_per_kwh: 0.3}\n") == plain
    assert _hash(tmp_path / "plain", text.replace("warmup: 2", "warmup: 1")) != plain


def _hash(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    for file in ("answers.py", "documents.py", "sums.yaml"):
        (folder / file).write_text("")
    (folder / "suite.yaml").write_text(text)
    return load_suite(str(folder / "suite.yaml")).sha256
