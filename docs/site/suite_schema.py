"""The JSON Schema of a suite file, which editors read, and the page that says how they get it."""

from __future__ import annotations

from click.testing import CliRunner

from wattbench.cli import main

_PAGE = """# Suite schema

[The suite file](../suite-file.md) explains every key. Editors complete and check the same keys by
[suite.schema.json](suite.schema.json) (JSON Schema), which `wattbench schema` prints. With the YAML language
server the first line of a suite names it:

```yaml
# yaml-language-server: $schema=suite.schema.json
```
"""


def page() -> str:
    """Return the page."""
    return _PAGE


def schema() -> str:
    """Return the schema, as `wattbench schema` prints it."""
    return CliRunner().invoke(main, ["dev", "schema"], catch_exceptions=False).stdout
