"""Name the table of a run that turns out to be damaged while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wattbench.errors import UserError


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what PyArrow and the disk say of a damaged file into a sentence.

    Args:
        path: of the table.

    Raises:
        UserError: the table could not be read inside.
    """
    import pyarrow as pa

    try:
        yield
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error
