"""Word what a judge said of answers, how people corrected it, and what judging took; for every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattbench_reports.comparison.judges import (
    JudgeBill,
    JudgedAnswers,
    JudgedTask,
    JudgingUse,
    LabelledAnswer,
    OpinionOnSystem,
)
from wattbench_reports.formatting import units
from wattbench_reports.formatting.safe_text import Excerpt, first_of, last_of
from wattbench_reports.stats import Interval
from wattbench_reports.stats.agreement import Agreement
from wattbench_reports.tables.run_tables import Frames

TITLE = "Judged answers"
OPINION = "Judge's opinion"
"""The name of every figure of verdicts that no labels correct."""
BILL = "The judge's bill"
LABEL = "wattbench label RUN"
"""The command that adds labels."""

CORRECTED = (
    "Corrected: the mean verdict, corrected by people's labels (prediction-powered inference, PPI++), with its 95% "
    "interval. A label is taken for the truth."
)
IN_NO_FIGURE = "Judging is a bill of the evaluation: it is in no system's figures."
_SCALES = {"pass": "pass or fail", "pair": "the better of two answers, in both orders"}
_VALUES = {"pass": {0.0: "fail", 1.0: "pass"}, "pair": {0.0: "worse", 1.0: "better"}}
_MOST_REASONS = 4


def scale(task: JudgedTask) -> str:
    """Name the scale of a task's verdicts: ``grades 1 to 5, counted from 0% to 100%``."""
    if task.scale in _SCALES:
        against = f", compared with {task.against}" if task.against else ", compared with the target"
        return _SCALES[task.scale] + (against if task.scale == "pair" else "")
    low, _, high = task.scale.partition("..")
    return f"grades {low} to {high}, counted from 0% to 100%"


def lead(judged: JudgedAnswers) -> str:
    """Say what a judge's figures are worth in this run."""
    opinions = [each.task for each in judged.opinions]
    if not opinions:
        return "Judge's verdicts, corrected by people's labels: the corrected figures are those of the comparison."
    counted = len(judged.tasks) > len(opinions)
    which = f" of {units.named(opinions)}" if counted else ""
    return (
        f"A judge's opinion{which} is no score: it is in no ranking, no requirement and no decision until people have "
        f"labelled some answers ({LABEL})."
    )


def of_task(task: JudgedTask) -> str:
    """Say which judge scores a task, how, and with which effect."""
    how = f"Judged by {task.judge}: {scale(task)} (prompt version {task.prompt_version})."
    if task.counts:
        return f"{how} Corrected by the labels of {_people(task.people)}."
    return f"{how} Judge's opinion only, in no comparison: {task.why_opinion}."


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def single_answers(frames: Frames) -> str:
    """Say what single answers to judged tasks count by; empty where there are none."""
    if frames.judged_tasks is None or not frames.judged_tasks.counted:
        return ""
    return "Answers to judged tasks count by their labels, and by the judge's opinion where people gave none."


def rubric(task: JudgedTask) -> str:
    """Quote the beginning of a rubric."""
    return f"Rubric: {_line(first_of(task.rubric, _OF_RUBRIC), '', '…')}"


HEADS = ("Answers", OPINION, "Not judged", "Labels", "People", "Corrected", "Corrected less opinion")
SHORT_HEADS = ("answers", "judge's opinion", "not judged", "labels", "people", "corrected", "less opinion")


def cells(each: OpinionOnSystem) -> tuple[str, ...]:
    """Format a system's answers to a task, in the order of `HEADS`."""
    difference = None if each.by_definition else each.difference
    return (
        f"{each.answers:,}",
        units.percent(each.judges_opinion),
        f"{each.not_judged:,}",
        f"{each.labels:,}",
        f"{each.people:,}",
        corrected(each),
        units.NONE if difference is None else signed_points(difference),
    )


def corrected(each: OpinionOnSystem) -> str:
    """Format the corrected figure, or what it lacks: ``71.2% [63.0, 79.1]``, ``14 labels lack``."""
    if each.by_definition:
        return "50% by definition"
    if each.corrected is not None:
        return units.percent_interval(each.corrected)
    if each.lacking:
        return f"{units.plural(each.lacking, 'label')} {'lacks' if each.lacking == 1 else 'lack'}"
    return "not shown: other systems lack labels"


def signed_points(share: float) -> str:
    """Format a difference of shares with its sign: ``−4.0 points``, ``+0.3 points``."""
    text = units.fixed(100 * share, 1)
    sign = "" if text.startswith("-") or text == "0.0" else "+"
    return f"{sign}{text} points".replace("-", "−")


def why_not_judged(task: JudgedTask) -> str:
    """Say why verdicts are missing, the commonest reason first; empty where none is."""
    total = sum(task.not_judged.values())
    if not total:
        return ""
    reasons = sorted(task.not_judged.items(), key=lambda each: (-each[1], each[0]))
    clauses = [f"{count:,}: {reason}" for reason, count in reasons[:_MOST_REASONS]]
    others = sum(count for _, count in reasons[_MOST_REASONS:])
    if others:
        clauses.append(f"{others:,}: other reasons")
    return f"Not judged, which is not 0: {units.plural(total, 'verdict')} ({'; '.join(clauses)})."


JUDGE_HEADS = ("Figure", "Value", "p")
JUDGE_NOTE = (
    "Over answers with a verdict and a label, clustered by item. p: that there is no such bias, adjusted by Holm over "
    "the biases in this table."
)
_FAVOURS = {
    "overall": "Bias: verdict less label",
    "length": "Bias by length, per doubling",
    "position": "Bias by position, first less a half",
}
_LEVEL = 0.05


def judge_caption(task: JudgedTask) -> str:
    """Head the table that compares a judge with people."""
    return f"{task.judge} against people, {units.plural(task.reliability.answers, 'labelled answer')}"


def judge_rows(task: JudgedTask) -> Iterator[tuple[str, str, str]]:
    """Yield each figure of a judge on a task: its name, its value, and the p-value of a bias."""
    of = task.reliability
    shares = {
        "Agreement with people": of.agreement,
        "Sensitivity (good ones that pass)": of.sensitivity,
        "Specificity (bad ones that fail)": of.specificity,
    }
    for name, share in shares.items():
        if share is not None:
            yield name, units.percent_interval(share), ""
    for name, figure in (("Cohen's kappa", of.kappa), ("Correlation", of.correlation)):
        if figure is not None:
            yield name, _two_places(figure), ""
    if of.orders is not None:
        yield "Verdicts of both orders that differ", units.percent_interval(of.orders.contradicting), ""
    for each in task.biases:
        name = _FAVOURS.get(each.kind) or f"Bias for {each.system}, against {_others(task, each.system)}"
        p = units.p_value(each.p_value).removeprefix("p ").removeprefix("= ")
        yield name, units.points_interval(each.size), p


def _two_places(interval: Interval) -> str:
    at, low, high = (units.fixed(each, 2) for each in (interval.estimate, interval.low, interval.high))
    return f"{at} [{low}, {high}]".replace("-", "−")


def _alike(task: JudgedTask) -> Iterator[str]:
    """Say how sure it is that the same verdict means the same of all systems, and what the test would have seen."""
    tests = task.alike[:1] if len(task.alike) == 2 else task.alike  # of two systems both tests are the same one
    clauses = [
        f"{each.system} against {_others(task, each.system)} {units.p_value(each.p_value)}, a test that sees 10 points "
        f"with {units.certainty(each.power)}"
        for each in tests
    ]
    if clauses:
        yield (
            f"Whether the same verdict means the same of all systems (Holm): {'; '.join(clauses)}. So labels correct "
            "their own system alone."
        )


def favoured(task: JudgedTask) -> Iterator[str]:
    """Say which systems a judge is shown to favour over the others, or the others over it."""
    effect = "labels take that out of corrected figures" if task.counts else "its opinion says nothing of their order"
    for each in task.biases:
        if each.kind != "system" or each.p_value >= _LEVEL:
            continue
        size, pair = each.size, (f"{each.system}", _others(task, each.system))
        if size.estimate < 0:
            size, pair = Interval(-size.estimate, -size.high, -size.low), (pair[1], pair[0])
        yield f"{task.judge} favours {pair[0]} over {pair[1]} by {units.points_interval(size)}: {effect}."


def _others(task: JudgedTask, system: str | None) -> str:
    others = [each.system for each in task.systems if each.labels and each.system != system]
    return others[0] if len(others) == 1 else "the others"


def more_labels(task: JudgedTask) -> Iterator[str]:
    """Say what further labels would make of the intervals, and what a judge that never errs would."""
    known = [(each, each.more_labels) for each in task.systems if each.more_labels is not None]
    clauses = [
        f"{each.system} ±{units.points(buys.half_width)} with {each.labels:,} labels, {_plain(buys.with_twice)} with "
        f"{buys.twice:,}, {_plain(buys.with_perfect_judge)} with a judge that never errs"
        for each, buys in known
    ]
    if clauses:
        yield f"What more labels would buy, and a better judge (items alone, without blocks): {'; '.join(clauses)}."


def _plain(share: float) -> str:
    return units.points(share).removesuffix(" points")


TO_READ = "Labelled answers on which judge and people differ most"
MORE = "All labels, as CSV: wattbench label RUN --export labels.csv"
HEADS_TO_READ = ("Item", "System", "Judge", "People", "Answer", "The judge wrote")
_OF_ANSWER, _OF_REPLY, _OF_RUBRIC = 160, 120, 400
"""Characters that a table shows."""


def document(answer: LabelledAnswer) -> str:
    """Name the item of an answer."""
    return f"document {answer.doc_id}" + (f", repeat {answer.repeat}" if answer.repeat else "")


def to_read(task: JudgedTask, answer: LabelledAnswer) -> tuple[str, ...]:
    """Return what judge and people say of an answer, its text and the judge's, both cut; in the order of
    `HEADS_TO_READ`, after the system."""
    replies = (last_of(reply, _OF_REPLY) for reply in answer.replies)
    return (
        _graded(task, answer.verdict),
        _graded(task, answer.label) + ("" if answer.people == 1 else f" ({_people(answer.people)})"),
        units.NONE if answer.output is None else _line(first_of(answer.output, _OF_ANSWER), "", "…"),
        " / ".join(_line(each, "…", "") for each in replies),
    )


def _line(excerpt: Excerpt, before: str, after: str) -> str:
    """Return an excerpt in one line, with a mark where it is cut."""
    line = " ".join(excerpt.text.split())
    return f"{before}{line}{after}" if excerpt.cut else line


def _graded(task: JudgedTask, share: float) -> str:
    """Write a verdict or a label as its scale has it: ``pass``, ``4``; between two of its values as a share."""
    if task.scale in _VALUES:
        return _VALUES[task.scale].get(share) or units.percent_of(round(share, 3))
    low, _, high = task.scale.partition("..")
    return units.plain(int(low) + share * (int(high) - int(low)), 3)


def note(task: JudgedTask) -> str:
    """Explain the table of a task."""
    parts = [f"{OPINION}: the mean verdict, without what is not judged; no label corrects it."]
    if any(each.corrected is not None for each in task.systems):
        parts.append(CORRECTED)
    return " ".join(parts)


def points(task: JudgedTask) -> Iterator[str]:
    """Say of a task what is not judged, and how far people agree."""
    if lacking := why_not_judged(task):
        yield lacking
    if task.as_given:
        yield (
            f"{units.plural(task.as_given, 'label')} as given: that they are of answers drawn at random within system "
            "and task is an assumption."
        )
    yield from favoured(task)
    yield from _alike(task)
    yield from more_labels(task)
    if task.agreement is not None:
        yield agreement(task.agreement)
    elif task.people == 1:
        yield "One person labelled: how far people agree is not known."


def agreement(each: Agreement) -> str:
    """Say how far people agree: ``People agree with an alpha of 0.71 [0.52, 0.90] ...``."""
    of = f"{units.plural(each.answers, 'answer')} that {each.people} people labelled"
    if each.alpha is None:
        return f"How far people agree is not defined over the {of}: all labels are the same."
    alpha = _two_places(Interval(each.alpha, each.low or 0.0, each.high or 0.0))
    if each.low is None or each.high is None:
        alpha = alpha.partition(" ")[0]
    return f"People agree with each other at Krippendorff's alpha {alpha}, over {of} (1: always; 0: as by chance)."


BILL_HEADS = ("Answers", "Joules", "Per answer", "Seconds", "Tokens in", "Tokens out", "Money", "Per answer")
BILL_SHORT = ("answers", "joules", "each", "seconds", "tokens in", "out", "money", "each")


def bill_cells(bill: JudgeBill) -> tuple[str, ...]:
    """Format what a judge took, in the order of `BILL_HEADS`. What is not known is a dash, with its reason below."""
    per = bill.money_per_answer
    return (
        f"{bill.answers:,}",
        units.quantity(bill.judging.energy_j, "J"),
        units.quantity(bill.energy_j_per_answer, "J"),
        units.duration(bill.judging.seconds) if bill.judging.windows else units.NONE,
        units.count(bill.prompt_tokens) if _some_tokens(bill) else units.NONE,
        units.count(bill.output_tokens) if _some_tokens(bill) else units.NONE,
        units.NONE if bill.money is None else units.money(bill.money, bill.currency),
        units.NONE if per is None else units.money(per, bill.currency),
    )


def _some_tokens(bill: JudgeBill) -> bool:
    return bill.uncounted < bill.requests


def bill_lines(bill: JudgeBill) -> Iterator[str]:
    """Say of a bill what is not in it, and what is not known."""
    if bill.judging.energy_j is not None:
        yield f"{bill.judge}: provenance of the joules: {bill.provenance}{_without(bill.judging)}."
    else:
        windows = "no window of it is on record" if not bill.judging.windows else "none of its windows has valid joules"
        yield f"{bill.judge}: its joules are not known, as {windows}."
    if bill.uncounted:
        yield f"{bill.judge}: tokens of {units.plural(bill.uncounted, 'request')} are not on record, and not in it."
    if bill.money is None:
        yield f"{bill.judge}: its money is not known: {bill.why_no_money}."
    if bill.is_a_system:
        yield f"{bill.judge} is also a system of the run: its loading and idle are that system's, and not in this bill."
    elif bill.other is not None:
        joules = "not known" if bill.other.energy_j is None else units.quantity(bill.other.energy_j, "J")
        took = units.duration(bill.other.seconds)
        yield f"{bill.judge}: loading and idle took {took}; joules: {joules}{_without(bill.other)}, besides these."


def _without(used: JudgingUse) -> str:
    if not used.without_joules:
        return ""
    return f", without those of {used.without_joules:,} of {units.plural(used.windows, 'window')}, which are not valid"


def bill_line(bills: Sequence[JudgeBill]) -> str:
    """Say in a sentence what judging took: ``Judging 400 answers took 1.20 kJ, 85.0 s and 0.12 USD, ...``."""
    clauses = []
    for each in bills:
        took = [units.duration(each.judging.seconds)] if each.judging.windows else []
        took += [] if each.judging.energy_j is None else [units.quantity(each.judging.energy_j, "J")]
        took += [] if each.money is None else [units.money(each.money, each.currency)]
        of = f"{units.plural(each.answers, 'answer')} by {each.judge}"
        clauses.append(f"{of} ({', '.join(took)})" if took else f"{of} (what it took is not known)")
    return f"Judged: {units.listed(clauses)}. {IN_NO_FIGURE}" if clauses else ""
