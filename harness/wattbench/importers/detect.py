"""Detect the format of some sources, and read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers.agents.atif import ATIF
from wattbench.importers.agents.harbor import HARBOR
from wattbench.importers.agents.litellm_log import LITELLM
from wattbench.importers.agents.mini_swe_agent import MINI_SWE_AGENT
from wattbench.importers.agents.otlp import OTLP
from wattbench.importers.agents.scout import CLAUDE_CODE, SCOUT
from wattbench.importers.agents.tau2 import TAU2
from wattbench.importers.agents.terminal_bench import TERMINAL_BENCH
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
from wattbench.importers.table.item_table import TableOptions, batches
from wattbench.importers.table.tablefile import SUFFIXES
from wattbench.importers.table.tablefile import looks_like as looks_like_table
from wattbench.importers.tokenpowerbench import TOKEN_POWER_BENCH

TABLE = "table"
_FORMATS: Sequence[Format] = (
    LM_EVAL, EVALSCOPE, INSPECT, VLLM, SGLANG, INFERENCE_PERF, MLPERF, OPENJARVIS, LLENERGYMEASURE, ML_ENERGY,
    TOKEN_POWER_BENCH, AIPERF, GUIDELLM, CODECARBON, ATIF, HARBOR, TERMINAL_BENCH, MINI_SWE_AGENT, TAU2, LITELLM, OTLP,
    SCOUT, CLAUDE_CODE,
)  # fmt: skip
FORMATS: Mapping[str, Callable[[Path], bool]] = {each.name: each.looks_like for each in _FORMATS} | {
    TABLE: looks_like_table
}
"""Name to a test of a source. A table is what no other format fits."""


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
    fits: list[str] = []
    damaged: list[UserError] = []
    for each in _FORMATS:
        try:
            fits += [each.name] if each.looks_like(source) else []
        except UserError as error:
            damaged.append(error)  # as one format, and it may be of another
    if len(fits) > 1:
        raise UserError(f"{source}: it could be of {' or '.join(fits)}. Say which with --source {fits[0]}")
    if fits:
        return fits[0]
    if looks_like_table(source):
        return TABLE
    if damaged:
        raise damaged[0]
    raise UserError(f"{source}: {_lacking(source)}")


_SAVE_AS = {
    **dict.fromkeys((".pkl", ".pickle"), "a pickle can run any code when it is read. Save the table as CSV or Parquet"),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "a spreadsheet is not read. Save its sheet as CSV"),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst", ".tar"), "an archive is not read. Unpack it"),
}


def _lacking(source: Path) -> str:
    """Say what each format that was tried needs, and the source does not have."""
    if source.suffix.lower() in _SAVE_AS:
        return _SAVE_AS[source.suffix.lower()]
    tables = [each.name for each in sorted(source.iterdir()) if looks_like_table(each)] if source.is_dir() else []
    inside = f". It is a folder with tables: name them ({', '.join(tables[:3])})" if tables else ""
    tried = "; ".join(f"{each.name} needs {each.needs}" for each in _FORMATS)
    table = f"a table needs a name that ends in {', '.join(SUFFIXES)}, and of JSON a list of objects or one per line"
    return f"its format is not recognised{inside}. Name it with --source, if it is one of these: {tried}; {table}"


def read_sources(
    sources: Sequence[Path],
    form: str | None = None,
    *,
    table: TableOptions | None = None,
    metric: str | None = None,
    score_range: str | None = None,
    scratch: Path | None = None,
) -> Imported:
    """Read some sources of one format, which is detected if not given.

    Args:
        sources: files or folders.
        form: a name of `FORMATS`.
        table: what its names of columns do not say; for tables alone.
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
    if table and form != TABLE:
        raise UserError(
            "--map, --target, --systems, --score, --judge, --scale and --rubric are for the columns of a table; this "
            f"is {form}"
        )
    if metric and form not in scored:
        raise UserError(f"--metric names a metric of {' or '.join(scored)}; this is {form}")
    if score_range and form not in (*scored, TABLE):
        raise UserError(f"--score-range is of scores of {', '.join(scored)} or a table; this is {form}")
    draft = ImportDraft(metric, UNIT_RANGE if score_range is None else ScoreRange.of(score_range))
    if form == TABLE:
        spool = Spool(batches(sources, table or TableOptions(), draft), scratch)
    else:
        (chosen,) = (each for each in _FORMATS if each.name == form)
        spool = Spool.of(chosen.read(sources, draft), scratch)
    if draft.scores.declared:
        draft.remarks["score-range"] = (
            f"Scores are shares of the declared range {draft.scores.in_words}, from the worst to the best"
        )
    return draft.imported(form, spool)
