"""Writing the page and what lies beside it: each file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from wattbench.errors import UserError


def beside(page: Path) -> tuple[Path, Path]:
    """Where the figures of a page go, as CSV and as Parquet.

    Raises:
        UserError: the page itself has such a name.
    """
    if page.suffix.lower() in {".csv", ".parquet"}:
        raise UserError(f"{page}: the report is a page, so give it a name that ends in .html")
    stem = page.with_suffix("") if page.suffix.lower() in {".html", ".htm"} else page
    return stem.with_name(f"{stem.name}.csv"), stem.with_name(f"{stem.name}.parquet")


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write some files. All are on disk under temporary names before the first takes its own.

    The names are this process's: two that write the same files at once each write them whole, and the last one stays.

    Raises:
        UserError: one cannot be written.
    """
    temporaries = {out: out.with_name(f".{out.name}.{os.getpid()}.tmp") for out in files}
    out = next(iter(files))
    try:
        for out, data in files.items():
            if out.is_dir():
                raise UserError(f"{out}: the report cannot be written (it is a directory)")
            out.parent.mkdir(parents=True, exist_ok=True)
            temporaries[out].write_bytes(data)
        for out, temporary in temporaries.items():
            temporary.replace(out)
    except OSError as error:
        raise UserError(f"{out}: the report cannot be written ({error.strerror})") from error
    finally:
        for temporary in temporaries.values():
            _remove(temporary)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # below something that is no folder: it was never made
        return
