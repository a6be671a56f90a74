"""Make the rows of verdicts and labels of an import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wattbench.importers.imported import Imported, ImportedLabel
from wattbench.importers.survey import Survey
from wattbench.records.rows.judgements import JudgementRow, LabelRow, answer_digest

NO_VERDICT = "the source has no verdict"


def judgement_rows(imported: Imported, known: Survey) -> Iterator[JudgementRow]:
    """Yield what the judges said of each answer to a judged task; a request that failed was not put to one."""
    for answer in _judged_answers(imported, known):
        yield JudgementRow(
            **answer.identity,
            judge=imported.judges[answer.identity["task"]].judge,
            verdict=answer.verdict,
            why=NO_VERDICT if answer.verdict is None else None,
            reply="",
            prompt_hash="",
            started_s=None,
            finished_s=None,
            window="",
        )


def label_rows(imported: Imported, known: Survey, labelled_utc: str) -> Iterator[LabelRow]:
    """Yield people's labels.

    Args:
        imported: what was read.
        known: of its answers.
        labelled_utc: of the import, as the source does not say when.
    """
    of_row: dict[int, list[ImportedLabel]] = {}
    for label in imported.labels:
        of_row.setdefault(label.row, []).append(label)
    for answer in _judged_answers(imported, known) if of_row else ():
        for label in of_row.get(answer.row, ()):
            yield LabelRow(
                **answer.identity,
                score=label.score,
                person=label.person,
                drawn=label.drawn,
                labelled_utc=labelled_utc,
            )


@dataclass(frozen=True)
class _ImportedVerdict:
    row: int
    identity: dict[str, Any]
    """The fields of `OfJudgedAnswer`."""
    verdict: float | None


def _judged_answers(imported: Imported, known: Survey) -> Iterator[_ImportedVerdict]:
    """Yield the answers to judged tasks whose requests did not fail."""
    if not imported.judges:
        return
    first = 0
    for batch in imported.answers.batches(("system", "task", "repeat", "failure", "answer", "verdict")):
        for row, answer in enumerate(batch.to_pylist(), start=first):
            if answer["task"] in imported.judges and answer["failure"] is None:
                identity = {name: answer[name] for name in ("system", "task", "repeat")}
                identity |= {"doc_id": int(known.doc_id_of_row[row]), "answer_sha256": answer_digest(answer["answer"])}
                yield _ImportedVerdict(row, identity, answer["verdict"])
        first += batch.num_rows
