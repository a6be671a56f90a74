"""The JSON Schema of a suite file, which editors read, and the page with its keys."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner
from pydantic.json_schema import models_json_schema

from docs.site.schema_tables import table
from wattbench.cli import main
from wattbench.config import METERS, Suite

_HEAD = """# Suite schema

Generated from the models that check a suite. [The suite file](../suite-file.md) shows them by example. Editors complete
and check the same keys by [suite.schema.json](suite.schema.json) (JSON Schema), which `wattbench dev schema` prints.
"""


def page() -> str:
    """Return a page with a table for each mapping of a suite, the suite first."""
    found = models()
    tables = [table(name, model, found, linked=True) for name, model in found.items()]
    return "\n\n".join([_HEAD.rstrip(), *tables]) + "\n"


def models() -> dict[str, dict[str, Any]]:
    """Return the schema of each mapping by its name, as a suite names them; those of the meters come last."""
    suite = Suite.model_json_schema()
    shared = suite.pop("$defs")
    names: list[str] = []
    waiting = _named(suite)
    while waiting:
        name = waiting.pop(0)
        if name not in names:
            names.append(name)
            waiting = [*_named(shared[name]), *waiting]
    _, meters = models_json_schema([(METERS.settings_of(name), "validation") for name in METERS.built_in])
    return {"Suite": suite} | {name: shared[name] for name in names} | meters["$defs"]


def _named(model: object) -> list[str]:
    """Return the names of the models that a schema refers to, in its order."""
    if isinstance(model, dict):
        here = [model["$ref"].rpartition("/")[2]] if isinstance(model.get("$ref"), str) else []
        return [*here, *(name for value in model.values() for name in _named(value))]
    return [name for value in model for name in _named(value)] if isinstance(model, list) else []


def schema() -> str:
    """Return the schema, as `wattbench schema` prints it."""
    return CliRunner().invoke(main, ["dev", "schema"], catch_exceptions=False).stdout
