"""State what limits figures of judged answers, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.judges.model import JudgedAnswers, JudgedTask
from wattbench_reports.formatting.units import fixed, named, plural

LEAST_ALPHA = 2 / 3
"""Below it people agree too little for even tentative conclusions: K. Krippendorff, "Content Analysis" (2004), 11.4."""


def judged_caveats(judged: JudgedAnswers | None) -> Iterator[Caveat]:
    """Return every caveat of judged answers, most serious first."""
    if judged is None:
        return
    if judged.opinions:
        yield _opinions(judged)
    for task in judged.tasks:
        yield from _labels(task)
    for judge, related in judged.related.items():
        yield from _kin(judge, related)


def _opinions(judged: JudgedAnswers) -> Caveat:
    tasks = judged.opinions
    which = named([f"{each.task} ({each.why_opinion})" for each in tasks])
    effect = (
        "no accuracy is known, and nothing is ranked by it"
        if judged.nothing_scored
        else f"{'it is' if len(tasks) == 1 else 'they are'} left out of every figure of this comparison"
    )
    text = f"There is only a judge's opinion of {which}: {effect}. To add labels: wattbench label RUN"
    return Caveat("judges-opinion", text, tuple(dict.fromkeys(cell.system for each in tasks for cell in each.systems)))


def _labels(task: JudgedTask) -> Iterator[Caveat]:
    names = tuple(each.system for each in task.systems)
    missing = [each for each in task.systems if each.not_judged]
    if missing:
        of = named([f"{each.not_judged:,} of {plural(each.answers, 'answer')} of {each.system}" for each in missing])
        text = f"{task.task}: without a verdict, which is not 0, and in no judge's opinion: {of}."
        yield Caveat("not-judged", text, tuple(each.system for each in missing))
    if task.as_given:
        text = (
            f"{task.task}: {plural(task.as_given, 'label')} as given. That they are of answers drawn at random within "
            "system and task is an assumption: with labels of chosen answers, corrected figures are wrong."
        )
        yield Caveat("labels-as-given", text, names)
    if task.agreement is not None and task.agreement.alpha is not None and task.agreement.alpha < LEAST_ALPHA:
        alpha = fixed(task.agreement.alpha, 2).replace("-", "−")
        text = (
            f"{task.task}: people disagree (Krippendorff's alpha {alpha}, below 0.67): what a label "
            "says depends on who gives it. Make the rubric more exact, and label again."
        )
        yield Caveat("people-disagree", text, names)
    elif task.people == 1:
        text = f"{task.task}: one person gave all labels, so that how far people agree is not known."
        yield Caveat("one-person", text, names)


def _kin(judge: str, related: tuple[str, ...]) -> Iterator[Caveat]:
    if judge in related:
        text = f"{judge} judges its own answers, too. Judges may favour their own: see the bias by system."
        yield Caveat("judge-is-system", text, (judge,))
    others = tuple(each for each in related if each != judge)
    if others:
        text = (
            f"The judge {judge} has the model of {named(others)}. Judges may favour their own: see the bias by system."
        )
        yield Caveat("judge-shares-model", text, others)
