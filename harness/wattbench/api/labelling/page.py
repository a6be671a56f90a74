"""Write the answers that a person labels next as one offline page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wattbench.api.labelling.draws import DrawnAnswer, draw, shown_first
from wattbench.api.labelling.sheet import AnswerTexts, LabelSheet, read_sheet
from wattbench.records import read_run
from wattbench.records.files.atomic_write import write_atomically
from wattbench_reports.html.label_page import AnswerOnPage, LabelChoice, PageToLabel, label_page


def labels_page(
    run: Path, path: Path, person: str, number: int | None, tasks: Sequence[str], *, telling_most: bool = False
) -> int:
    """Write the answers that a person labels next as one offline page, and return how many they are.

    Args:
        run: its directory.
        path: of the page.
        person, number, telling_most: as in `wattbench.api.labelling.draws.draw`.
        tasks: only these; empty: all whose answers are judged.

    Raises:
        UserError: the file cannot be written; or as of `read_sheet` and `draw`.
    """
    sheet = read_sheet(read_run(run), tasks)
    drawn = draw(sheet, person, number, telling_most=telling_most)
    texts = sheet.texts([each.answer for each in drawn])
    answers = [_on_page(sheet, *each) for each in zip(drawn, texts, strict=True)]
    rubrics = {task: judge.rubric for task, judge in sheet.judges.items()}
    write_atomically(path, label_page(PageToLabel(sheet.run, person, rubrics, answers)))
    return len(answers)


def _on_page(sheet: LabelSheet, drawn: DrawnAnswer, texts: AnswerTexts) -> AnswerOnPage:
    answer = drawn.answer
    shown = (texts.answer,) if texts.compared is None else (texts.answer, texts.compared)
    first = shown_first(sheet.run, answer)
    choices = tuple(LabelChoice(*each) for each in sheet.scales[answer.task].choices(first))
    return AnswerOnPage(
        id=sheet.id_of(answer.name),
        task=answer.task,
        doc_id=answer.key[0],
        repeat=answer.key[1],
        answer_sha256=answer.sha256,
        drawn=drawn.drawn,
        item=texts.item,
        reference=texts.reference,
        texts=shown if first else shown[::-1],
        choices=choices,
    )
