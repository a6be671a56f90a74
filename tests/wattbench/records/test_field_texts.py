"""Fields of the suite file are described by the texts below them, as pydantic itself would."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from wattbench.config import Suite
from wattbench.config.base import Strict
from wattbench.records.field_texts import field_texts


class Shelf(Strict):
    height_m: float = 1.0
    """How high it is.

    In metres.
    """
    boards: int
    width_m: float = Field(default=1.0, description="Said in place of what is below.")
    """How wide it is."""


class Drawer(Shelf):
    """Has a field of its own, and two of a shelf's."""

    boards: int
    """How many fronts."""
    height_m: float = 2.0
    inside: Shelf | None = None
    """What is in it."""


class AsPydantic(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    height_m: float = 1.0
    """How high it is.

    In metres.
    """
    boards: int
    width_m: float = Field(default=1.0, description="Said in place of what is below.")
    """How wide it is."""


def test_a_field_has_the_text_below_it_and_no_other() -> None:
    assert field_texts(Shelf) == {"height_m": "How high it is.\n\nIn metres.", "width_m": "How wide it is."}


def test_of_a_field_that_is_inherited_and_made_anew_the_new_text_counts() -> None:
    assert field_texts(Drawer) == {
        "boards": "How many fronts.", "inside": "What is in it.", "width_m": "How wide it is.",
    }  # fmt: skip


def test_a_class_without_source_has_no_texts() -> None:
    namespace: dict[str, Any] = {"Shelf": Shelf, "__name__": "made"}
    exec('class Made(Shelf):\n    legs: int = 4\n    """How many."""\n', namespace)
    assert field_texts(namespace["Made"]) == field_texts(Shelf)


def test_the_schema_is_the_one_that_pydantic_makes() -> None:
    ours, theirs = Shelf.model_json_schema(), AsPydantic.model_json_schema()
    assert ours["properties"] == theirs["properties"]
    assert ours["properties"]["height_m"]["description"] == "How high it is.\n\nIn metres."
    within = Drawer.model_json_schema()
    assert within["$defs"]["Shelf"]["properties"] == theirs["properties"]
    assert within["properties"]["inside"]["description"] == "What is in it."


@pytest.mark.parametrize("model", ["Measure", "FileTask", "EndpointSystem", "GatePolicy"])
def test_parts_of_a_suite_are_described_field_by_field(model: str) -> None:
    properties = Suite.model_json_schema()["$defs"][model]["properties"]
    described = [name for name, said in properties.items() if said.get("description") or "const" in said]
    assert len(described) > 0.8 * len(properties)
