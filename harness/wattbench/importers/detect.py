"""Detect the format of some sources, and read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers import (
    aiperf,
    bench_serving,
    evalscope,
    guidellm,
    inferenceperf,
    inspect_ai,
    llenergymeasure,
    lmeval,
    mlenergy,
    mlperf,
    openjarvis,
    table,
)
from wattbench.importers.answer import UNIT_RANGE, ScoreRange
from wattbench.importers.imported import Imported

FORMATS: Mapping[str, Callable[[Path], bool]] = {
    "lm-eval": lmeval.looks_like,
    "evalscope": evalscope.looks_like,
    "inspect": inspect_ai.looks_like,
    "vllm": bench_serving.VLLM.looks_like,
    "sglang": bench_serving.SGLANG.looks_like,
    "inference-perf": inferenceperf.looks_like,
    "mlperf": mlperf.looks_like,
    "openjarvis": openjarvis.looks_like,
    "llenergymeasure": llenergymeasure.looks_like,
    "ml-energy": mlenergy.looks_like,
    "aiperf": aiperf.looks_like,
    "guidellm": guidellm.looks_like,
    "table": table.looks_like,
}
"""Name to a test of a source, in the order in which they are tried."""

METRICS: Mapping[str, Callable[[Sequence[Path], str | None, Path | None, ScoreRange], Imported]] = {
    "lm-eval": lmeval.read,
    "evalscope": evalscope.read,
    "inspect": inspect_ai.read,
}
"""Formats with several scores per answer, of which ``--metric`` chooses one, and their readers."""

READERS: Mapping[str, Callable[[Sequence[Path], Path | None], Imported]] = {
    "vllm": bench_serving.VLLM.read,
    "sglang": bench_serving.SGLANG.read,
    "inference-perf": inferenceperf.read,
    "mlperf": mlperf.read,
    "openjarvis": openjarvis.read,
    "llenergymeasure": llenergymeasure.read,
    "ml-energy": mlenergy.read,
    "aiperf": aiperf.read,
    "guidellm": guidellm.read,
}
"""Formats that have no options of their own, and their readers."""


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
    """Check that every source exists, and is named once.

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
        metric: for those of `METRICS`: which metric is correctness.
        score_range: for these and a table: the worst and the best score, as ``1..5``. Scores are kept as shares of it.
        scratch: a folder, which need not be there yet, on a disk with space for the answers while they are imported:
            about as much as the run takes. None: the folder of temporary files.

    Raises:
        UserError: a source is wrong, or an option belongs to another format.
    """
    check_exist(sources)
    form = form or detect(sources)
    if renamed and form != "table":
        raise UserError(f"--map renames the columns of a table; this is {form}")
    if metric and form not in METRICS:
        raise UserError(f"--metric names a metric of {' or '.join(METRICS)}; this is {form}")
    if score_range and form not in (*METRICS, "table"):
        raise UserError(f"--score-range is of scores of {', '.join(METRICS)} or a table; this is {form}")
    scores = UNIT_RANGE if score_range is None else ScoreRange.of(score_range)
    if form in METRICS:
        imported = METRICS[form](sources, metric, scratch, scores)
    elif form == "table":
        imported = table.read(sources, renamed, scratch, scores)
    else:
        return READERS[form](sources, scratch)
    if not scores.declared:
        return imported
    remark = f"Scores are shares of the declared range {scores.in_words}, from the worst to the best"
    return replace(imported, remarks={**imported.remarks, "score-range": remark})
