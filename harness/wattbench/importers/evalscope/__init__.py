"""Read the results of evalscope: evaluations, and performance under load (``evalscope perf``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers.answer import UNIT_RANGE, ScoreRange
from wattbench.importers.evalscope import evaluation, perf
from wattbench.importers.imported import Imported

__all__ = ["looks_like", "read"]


def looks_like(source: Path) -> bool:
    """Return whether a folder has results of evalscope."""
    return source.is_dir() and (evaluation.looks_like(source) or bool(perf.run_folders(source)))


def read(
    sources: Sequence[Path],
    metric: str | None = None,
    scratch: Path | None = None,
    scores: ScoreRange = UNIT_RANGE,
) -> Imported:
    """Read some results, all of evaluations or all of ``evalscope perf``.

    Args:
        sources: folders.
        metric: of evaluations: which score is correctness.
        scratch: where the answers are kept meanwhile, as `Spool` takes it.
        scores: of evaluations: the range of that score.

    Raises:
        UserError: a folder has none, a file is damaged, or both kinds are named.
    """
    if any(not source.is_dir() for source in sources):
        raise UserError(f"{next(each for each in sources if not each.is_dir())}: name the folder that evalscope wrote")
    evaluations = [source for source in sources if evaluation.looks_like(source)]
    if evaluations and len(evaluations) == len(sources):
        return evaluation.read(sources, metric, scratch, scores)
    folders = [folder for source in sources for folder in perf.run_folders(source)]
    if not folders:
        raise UserError(f"{sources[0]}: there are no reviews and no {perf.SUMMARY}; this is no folder of evalscope")
    if evaluations:
        raise UserError(f"{evaluations[0]}: it is an evaluation, and another source is of perf; import them separately")
    if scores.declared:
        raise UserError(f"--score-range {scores.in_words}: results of evalscope perf have no scores")
    if metric is not None:
        raise UserError(f"--metric {metric}: results of evalscope perf have no scores")
    return perf.read_perf(folders, scratch)
