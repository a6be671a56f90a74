"""Detect the format of some sources, and read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers.aiperf.artifacts import AIPERF
from wattbench.importers.answer import UNIT_RANGE, ScoreRange
from wattbench.importers.bench_serving import SGLANG, VLLM
from wattbench.importers.codecarbon import CODECARBON
from wattbench.importers.evalscope import EVALSCOPE
from wattbench.importers.guidellm import GUIDELLM
from wattbench.importers.imported import Format, ImportDraft, Imported
from wattbench.importers.inference_perf import INFERENCE_PERF
from wattbench.importers.inspect_ai import INSPECT
from wattbench.importers.llenergymeasure import LLENERGYMEASURE
from wattbench.importers.lmeval import LM_EVAL
from wattbench.importers.mlenergy import ML_ENERGY
from wattbench.importers.mlperf import MLPERF
from wattbench.importers.openjarvis import OPENJARVIS
from wattbench.importers.spool import Spool
from wattbench.importers.table import item_table
from wattbench.importers.tokenpowerbench import TOKEN_POWER_BENCH

TABLE = "table"
_FORMATS: Sequence[Format] = (
    LM_EVAL, EVALSCOPE, INSPECT, VLLM, SGLANG, INFERENCE_PERF, MLPERF, OPENJARVIS, LLENERGYMEASURE, ML_ENERGY,
    TOKEN_POWER_BENCH, AIPERF, GUIDELLM, CODECARBON,
)  # fmt: skip
FORMATS: Mapping[str, Callable[[Path], bool]] = {each.name: each.looks_like for each in _FORMATS} | {
    TABLE: item_table.looks_like
}
"""Name to a test of a source, in the order in which they are tried."""


def detect(sources: Sequence[Path]) -> str:
    """Detect the format of all sources.

    Raises:
        UserError: a source is missing or of an unknown format, or two are of different formats.
    """
    check_exist(sources)
    formats = {source: _format(source) for source in sources}
    if len(set(formats.values())) > 1:
        listed = "; ".join(f"{source}: {name}" for source, name in formats.items())
        raise UserError(f"the sources are of different formats ({listed}); import each format separately")
    return formats[sources[0]]


def check_exist(sources: Sequence[Path]) -> None:
    """Check that every source exists and is named once.

    Raises:
        UserError: one is not.
    """
    for index, source in enumerate(sources):
        if not _exists(source):
            raise UserError(f"{source}: no such file or folder")
        if source.resolve() in {other.resolve() for other in sources[:index]}:
            raise UserError(f"{source}: named twice")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no file can have such a name
        return False


def _format(source: Path) -> str:
    for name, looks_like in FORMATS.items():
        if looks_like(source):
            return name
    if source.suffix.lower() in (".pkl", ".pickle"):
        raise UserError(f"{source}: a pickle can run any code when it is read. Save the table as CSV or Parquet")
    raise UserError(f"{source}: its format is not recognised. Name it with --from {'|'.join(FORMATS)}")


def read_sources(
    sources: Sequence[Path],
    form: str | None = None,
    *,
    renamed: Mapping[str, str] | None = None,
    metric: str | None = None,
    score_range: str | None = None,
    scratch: Path | None = None,
) -> Imported:
    """Read some sources of one format, which is detected if not given.

    Args:
        sources: files or folders.
        form: a name of `FORMATS`.
        renamed: for a table: its columns, renamed.
        metric: for formats with several scores: which is correctness.
        score_range: for these and a table: the worst and the best score, as ``1..5``. Scores are kept as shares of it.
        scratch: a folder, which need not be there yet, on a disk with space for the answers while they are imported:
            about as much as the run takes. None: the folder of temporary files.

    Raises:
        UserError: a source is wrong, or an option belongs to another format.
    """
    check_exist(sources)
    form = form or detect(sources)
    scored = [each.name for each in _FORMATS if each.scored]
    if renamed and form != TABLE:
        raise UserError(f"--map renames the columns of a table; this is {form}")
    if metric and form not in scored:
        raise UserError(f"--metric names a metric of {' or '.join(scored)}; this is {form}")
    if score_range and form not in (*scored, TABLE):
        raise UserError(f"--score-range is of scores of {', '.join(scored)} or a table; this is {form}")
    draft = ImportDraft(metric, UNIT_RANGE if score_range is None else ScoreRange.of(score_range))
    if form == TABLE:
        spool = Spool(item_table.batches(sources, renamed or {}, draft), scratch)
    else:
        (chosen,) = (each for each in _FORMATS if each.name == form)
        spool = Spool.of(chosen.read(sources, draft), scratch)
    if draft.scores.declared:
        draft.remarks["score-range"] = (
            f"Scores are shares of the declared range {draft.scores.in_words}, from the worst to the best"
        )
    return draft.imported(form, spool)
