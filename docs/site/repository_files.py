"""Files of the repository that pages link to: each becomes a page with its text."""

from __future__ import annotations

import json
import re
from pathlib import Path

_LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".json": "json", ".ipynb": "python"}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)
_COPIED = {".png", ".svg", ".jpg", ".csv"}
"""Pictures, and tables that a reader downloads."""


def place(path: str) -> str:
    """Return where a file of the repository is in the site: `files/PATH.md`; a picture or a table keeps its name.

    No part of it begins with a dot, as a site leaves such files out.
    """
    path = "/".join(part.lstrip(".") for part in path.split("/"))
    if Path(path).suffix in _COPIED:
        return path.removeprefix("docs/")
    return f"files/{path.removesuffix('.md')}.md"


def as_page(path: Path) -> str:
    """Return the text of a file as a page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return _FRONT_MATTER.sub("", text)
    if path.suffix == ".ipynb":
        return _notebook(text)
    fence = "````" if "```" in text else "```"
    return f"# {path.name}\n\n{fence}{_LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def _notebook(text: str) -> str:
    cells = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        cells.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join(cells) + "\n"
