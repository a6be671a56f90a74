"""Read the results of evalscope: evaluations, and performance under load (``evalscope perf``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers.answer import Answer
from wattbench.importers.evalscope import evaluation, perf
from wattbench.importers.imported import Format, ImportDraft

__all__ = ["EVALSCOPE"]


def _looks_like(source: Path) -> bool:
    return source.is_dir() and bool(evaluation.work_folders(source) or perf.run_folders(source))


def _read(sources: Sequence[Path], draft: ImportDraft) -> Iterator[Answer]:
    """Read some results, all of evaluations or all of ``evalscope perf``."""
    if any(not source.is_dir() for source in sources):
        raise UserError(f"{next(each for each in sources if not each.is_dir())}: name the folder that evalscope wrote")
    evaluations = [source for source in sources if evaluation.work_folders(source)]
    if evaluations and len(evaluations) == len(sources):
        yield from evaluation.read(sources, draft)
        return
    folders = [folder for source in sources for folder in perf.run_folders(source)]
    if not folders:
        raise UserError(f"{sources[0]}: there are no reviews and no {perf.SUMMARY}; this is no folder of evalscope")
    if evaluations:
        raise UserError(f"{evaluations[0]}: it is an evaluation, and another source is of perf; import them separately")
    if draft.scores.declared:
        raise UserError(f"--score-range {draft.scores.in_words}: results of evalscope perf have no scores")
    if draft.metric is not None:
        raise UserError(f"--metric {draft.metric}: results of evalscope perf have no scores")
    yield from perf.read(folders, draft)


EVALSCOPE = Format(
    "evalscope",
    _looks_like,
    _read,
    needs="a folder with reviews/, or with benchmark_data.db of evalscope perf",
    scored=True,
)
