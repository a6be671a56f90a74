"""The fields of each file of a run, from the JSON Schema that the rows make."""

from __future__ import annotations

from docs.site.schema_tables import table
from wattbench.records.record_schema import record_schema

_HEAD = """# Fields of records

Generated from the rows that write and read the files of a run. [Records](../records.md) explains the files;
`wattbench dev schema --records` prints the same as a JSON Schema. A field with a default may be missing in older
records.
"""


def page() -> str:
    """Return a page with a table for each file of a run."""
    schema = record_schema()
    shared = schema["$defs"]
    tables = [
        table(name, shared[each["$ref"].rpartition("/")[2]], shared) for name, each in schema["properties"].items()
    ]
    return "\n\n".join([_HEAD.rstrip(), *tables]) + "\n"
