"""Judged answers: the judge's opinion, labels and corrected figures next to each other, the judge, and its bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.judges import JudgedAnswers, JudgedTask, LabelledAnswer
from wattbench_reports.formatting import units
from wattbench_reports.formatting.safe_text import first_of, last_of
from wattbench_reports.presenter.model import (
    RICH,
    Cell,
    Column,
    Example,
    Examples,
    Passage,
    Section,
    ShownAnswer,
    Table,
    numbers,
    quote,
    strong,
)
from wattbench_reports.sections.answer_links import answers_link
from wattbench_reports.wording import judged as wording


def judged_section(comparison: Comparison) -> Section | None:
    """Make the section; None for a run without judged answers."""
    judged = comparison.judged
    if judged is None:
        return None
    places = {each.system: number for number, each in enumerate(comparison.systems)}
    passages = (
        *(each for task in judged.tasks for each in _task(task, places)),
        _bill(judged),
    )
    return Section(
        "judged", wording.TITLE, wording.TITLE, wording.lead(judged), passages,
        line="what a judge said, what people corrected, and what judging took",
    )  # fmt: skip


def judged_passages(comparison: Comparison) -> tuple[Passage, ...]:
    """Make the passages of a comparison in a terminal, Markdown and notebooks; empty without judged answers."""
    section = judged_section(comparison)
    if section is None:
        return ()
    return (Passage(sentences=(strong(f"{wording.TITLE}:"), section.lead)), *section.passages)


def judged_summary(comparison: Comparison) -> Passage:
    """Make the passage of a decision, whose details are in the comparison; empty without judged answers."""
    judged = comparison.judged
    if judged is None:
        return Passage()
    places = {each.system: number for number, each in enumerate(comparison.systems)}
    return Passage(
        sentences=(strong(f"{wording.TITLE}:"), wording.lead(judged), wording.bill_line(judged.bills)),
        tables=tuple(_systems(task, places) for task in judged.tasks),
    )


def _task(task: JudgedTask, places: Mapping[str, int]) -> Iterator[Passage]:
    yield Passage(
        task.task,
        sentences=(wording.of_task(task),),
        tables=(_systems(task, places),),
        points=tuple(wording.points(task)),
    )
    if task.to_read:
        yield Passage(
            f"{task.task}: to read",
            examples=(Examples(wording.TO_READ, tuple(_example(task, each, places) for each in task.to_read)),),
            commands=(wording.MORE,),
            media=RICH,
        )


def _systems(task: JudgedTask, places: Mapping[str, int]) -> Table:
    return Table(
        caption=f"{task.task}, judged by {task.judge}",
        columns=(
            Column("System"),
            *(
                Column(head, numeric=True, short=short)
                for head, short in zip(wording.HEADS, wording.SHORT_HEADS, strict=True)
            ),
        ),
        rows=tuple(
            (Cell(each.system, series=places.get(each.system)), *map(Cell, wording.cells(each)))
            for each in task.systems
        ),
        note=wording.note(task),
    )


def _example(task: JudgedTask, answer: LabelledAnswer, places: Mapping[str, int]) -> Example:
    texts = [("Answer", answer.output, first_of)]
    texts += [("The judge wrote" if len(answer.replies) < 2 else f"The judge wrote, {number} of 2", reply, last_of)
              for number, reply in enumerate(answer.replies, 1)]
    return Example(
        title=f"{task.task}, document {answer.doc_id}{f', repeat {answer.repeat}' if answer.repeat else ''}",
        quotes=() if answer.prompt is None else (quote("Prompt", last_of(answer.prompt), "last"),),
        sides=(
            ShownAnswer(
                heading=Cell(answer.system, series=places.get(answer.system)),
                verdict=wording.verdict(answer),
                style="badge-warn",
                facts=wording.by_whom(answer),
                quotes=tuple(
                    quote(label, cut(text), "first" if cut is first_of else "last")
                    for label, text, cut in texts
                    if text is not None
                ),
            ),
        ),
    )


def _bill(judged: JudgedAnswers) -> Passage:
    if not judged.bills:
        return Passage()
    return Passage(
        wording.BILL,
        sentences=(wording.IN_NO_FIGURE,),
        tables=(
            Table(
                caption="What judging took",
                columns=(
                    Column("Judge"),
                    *(
                        Column(head, numeric=True, short=short)
                        for head, short in zip(wording.BILL_HEADS, wording.BILL_SHORT, strict=True)
                    ),
                ),
                rows=tuple((Cell(each.judge), *map(Cell, wording.bill_cells(each))) for each in judged.bills),
            ),
        ),
        points=tuple(line for each in judged.bills for line in wording.bill_lines(each)),
    )
