"""Judged answers: the judge's opinion, labels and corrected figures next to each other, the judge, and its bill."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.judges import JudgedAnswers, JudgedTask, LabelledAnswer
from wattbench_reports.presenter.model import RICH, Cell, Column, Passage, Section, Span, Table, Text, strong, text_rows
from wattbench_reports.sections.answer_links import answers_link
from wattbench_reports.wording import judged as wording


def judged_section(comparison: Comparison) -> Section | None:
    """Make the section; None for a run without judged answers."""
    judged = comparison.judged
    if judged is None:
        return None
    places = {each.system: number for number, each in enumerate(comparison.systems)}
    passages = (
        *(_task(task, places) for task in judged.tasks),
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


def _task(task: JudgedTask, places: Mapping[str, int]) -> Passage:
    return Passage(
        task.task,
        sentences=(wording.of_task(task), Text((Span(wording.rubric(task)),), media=RICH)),
        tables=(_systems(task, places), _judge(task), _to_read(task, places)),
        points=tuple(wording.points(task)),
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


def _judge(task: JudgedTask) -> Table:
    """Make a table of a judge against people, without rows where no answer is labelled."""
    return Table(
        caption=wording.judge_caption(task),
        columns=tuple(Column(head, numeric=number > 0) for number, head in enumerate(wording.JUDGE_HEADS)),
        rows=text_rows(wording.judge_rows(task)),
        note=wording.JUDGE_NOTE,
    )


def _to_read(task: JudgedTask, places: Mapping[str, int]) -> Table:
    """Make a table of answers on which judge and people differ, without rows where there are none."""
    return Table(
        caption=wording.TO_READ,
        columns=tuple(map(Column, wording.HEADS_TO_READ)),
        rows=tuple(
            (
                Cell(wording.document(each), link=_link(task, each)),
                Cell(each.system, series=places.get(each.system)),
                *map(Cell, wording.to_read(task, each)),
            )
            for each in task.to_read
        ),
        note=wording.MORE if task.to_read else "",
        prose=True,
    )


def _link(task: JudgedTask, answer: LabelledAnswer) -> str:
    """Return the fragment that shows an answer; empty where the page does not hold it, as it is in no comparison."""
    return answers_link(answer=f"{task.task}/{answer.doc_id}", left=answer.system) if task.counts else ""


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
