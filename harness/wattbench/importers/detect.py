"""Which format some sources are in, and reading them by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers import aiperf, guidellm, lmeval, table
from wattbench.importers.answer import Imported

FORMATS: Mapping[str, Callable[[Path], bool]] = {
    "lm-eval": lmeval.looks_like,
    "aiperf": aiperf.looks_like,
    "guidellm": guidellm.looks_like,
    "table": table.looks_like,
}
"""Name to whether a source looks like it, in the order in which they are tried."""


def detect(sources: Sequence[Path]) -> str:
    """The format of all sources.

    Raises:
        UserError: a source is missing or looks like nothing known, or two are of different formats.
    """
    check_there(sources)
    found = {source: _format(source) for source in sources}
    if len(set(found.values())) > 1:
        told = "; ".join(f"{source}: {name}" for source, name in found.items())
        raise UserError(f"the sources are of different formats ({told}); import each format by itself")
    return found[sources[0]]


def check_there(sources: Sequence[Path]) -> None:
    """See that every source is there, and named once.

    Raises:
        UserError: one is not.
    """
    for place, source in enumerate(sources):
        if not source.exists():
            raise UserError(f"{source}: no such file or folder")
        if source.resolve() in {other.resolve() for other in sources[:place]}:
            raise UserError(f"{source}: named twice")


def _format(source: Path) -> str:
    for name, looks_like in FORMATS.items():
        if looks_like(source):
            return name
    if source.suffix.lower() in (".pkl", ".pickle"):
        raise UserError(f"{source}: a pickle can run any code when it is read. Save the table as CSV or Parquet")
    raise UserError(
        f"{source}: it looks like nothing that can be imported. Say what it is with --from {'|'.join(FORMATS)}"
    )


def read_sources(
    sources: Sequence[Path],
    form: str | None = None,
    *,
    renamed: Mapping[str, str] | None = None,
    metric: str | None = None,
) -> Imported:
    """Read some sources of one format, found by looking at them where it is not said.

    Args:
        sources: files or folders.
        form: a name of `FORMATS`.
        renamed: for a table: what its columns are.
        metric: for lm-eval: which metric is correctness.

    Raises:
        UserError: anything is wrong with them, or an option is of another format.
    """
    check_there(sources)
    form = form or detect(sources)
    if renamed and form != "table":
        raise UserError(f"--map renames the columns of a table; this is {form}")
    if metric and form != "lm-eval":
        raise UserError(f"--metric is of lm-eval's tasks; this is {form}")
    if form == "lm-eval":
        return lmeval.read(sources, metric)
    if form == "table":
        return table.read(sources, renamed)
    return aiperf.read(sources) if form == "aiperf" else guidellm.read(sources)
