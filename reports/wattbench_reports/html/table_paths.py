"""Where the tables of a page are written."""

from __future__ import annotations

from pathlib import Path

from wattbench.errors import UserError


def table_paths(page: Path) -> tuple[Path, Path]:
    """Return the paths of a page's figures as CSV and as Parquet: next to the page, under its name.

    Raises:
        UserError: the page itself has such a name.
    """
    if page.suffix.lower() in {".csv", ".parquet"}:
        raise UserError(f"{page}: the report is a page, so give it a name that ends in .html")
    stem = page.with_suffix("") if page.suffix.lower() in {".html", ".htm"} else page
    return stem.with_name(f"{stem.name}.csv"), stem.with_name(f"{stem.name}.parquet")
