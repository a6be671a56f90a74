"""Define what is said of judged answers: an opinion and a corrected figure per system and task, the judge, its bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wattbench_reports.stats import Interval
from wattbench_reports.stats.agreement import Agreement
from wattbench_reports.stats.judge_reliability import BiasKind, JudgeReliability


@dataclass(frozen=True)
class LabelsBuy:
    """Half the width of a corrected interval, as a share: now, with more labels, and with a better judge.

    Clustered by item, whether or not the run is in blocks.
    """

    half_width: float
    twice: int
    """Twice the labels, or all answers."""
    with_twice: float
    with_perfect_judge: float
    """That of a judge that never errs, which is that of labels of all answers."""


@dataclass(frozen=True)
class NamedBias:
    """Something that moves a judge's verdicts: `wattbench_reports.stats.judge_reliability`."""

    kind: BiasKind
    system: str | None
    """Of the kind ``system``: the mean of verdict - label of this one less that of the others."""
    size: Interval
    p_value: float
    """That there is none, adjusted by Holm over all biases of the judge on the task."""


@dataclass(frozen=True)
class AlikeErrors:
    """A test of whether a judge errs alike on one system and on the others: what its verdicts leave open, by system.

    Its outcome changes no figure: labels correct the verdicts on their own system alone.
    """

    system: str
    p_value: float
    """Adjusted by Holm over the systems."""
    power: float
    """The chance to see a difference of 10 points."""


@dataclass(frozen=True)
class OpinionOnSystem:
    """The answers of one system to one judged task."""

    system: str
    task: str
    answers: int
    not_judged: int
    """Of these, the answers without a verdict. They count as neither good nor bad in the opinion."""
    judges_opinion: float | None
    """The mean verdict, 0 to 1; None: no answer is judged."""
    labels: int
    """How many answers people labelled."""
    people: int
    """How many people did."""
    corrected: Interval | None
    """The mean corrected by labels of this system; None: there are too few labels."""
    by_definition: bool
    """Whether it is the system that others are compared with, whose answers have one half."""
    lacking: int
    """Further labels until it can be corrected; 0 where it is."""
    more_labels: LabelsBuy | None
    """None where its own labels do not correct it, or all of its answers have one."""

    @property
    def difference(self) -> float | None:
        """Return the corrected figure less the judge's opinion; None without one of them."""
        if self.corrected is None or self.judges_opinion is None:
            return None
        return self.corrected.estimate - self.judges_opinion


@dataclass(frozen=True)
class JudgingUse:
    """What some windows took."""

    windows: int
    without_joules: int
    """Of these, those without valid joules."""
    energy_j: float | None
    """Of the others; None where there are none."""
    seconds: float
    """Of all."""


@dataclass(frozen=True)
class JudgeBill:
    """What a judge took. It is in no system's figures."""

    run: str
    judge: str
    is_a_system: bool
    """Whether the judge is also one of the systems that are compared: its loading is then that system's."""
    answers: int
    """Those that were put to it."""
    requests: int
    """Two per answer of a pair."""
    judging: JudgingUse
    other: JudgingUse | None
    """Loading, warming up and idle; None where there are no such windows, or they are a system's own."""
    metered_answers: int
    """Those of the windows with valid joules."""
    provenance: str
    """Of all joules; empty without any."""
    prompt_tokens: int
    """Of the requests whose tokens are on record. So the next one."""
    output_tokens: int
    uncounted: int
    """Requests of which some tokens are not on record."""
    money: float | None
    """Of judging, without loading; None where it is not known."""
    currency: str
    why_no_money: str
    """As a clause; empty where it is known."""

    @property
    def energy_j_per_answer(self) -> float | None:
        """Return the joules of judging an answer; None where they are not known."""
        if self.judging.energy_j is None or not self.metered_answers:
            return None
        return self.judging.energy_j / self.metered_answers

    @property
    def seconds_per_answer(self) -> float | None:
        """Return the seconds of judging an answer; None where it was asked in no window on record."""
        return self.judging.seconds / self.answers if self.judging.windows else None

    @property
    def money_per_answer(self) -> float | None:
        """Return the money of judging an answer; None where it is not known."""
        return None if self.money is None else self.money / self.answers


@dataclass(frozen=True)
class LabelledAnswer:
    """An answer of which judge and people say different things."""

    system: str
    doc_id: int
    repeat: int
    verdict: float
    label: float
    """The mean over people."""
    people: int
    output: str | None
    """Whole and as recorded: no renderer may trust it. None: not on record."""
    replies: tuple[str, ...]
    """What the judge wrote: of a pair twice."""


@dataclass(frozen=True)
class JudgedTask:
    """One task that a judge scores."""

    run: str
    """The name of the run: several may be compared."""
    task: str
    judge: str
    scale: str
    against: str | None
    rubric: str
    prompt_version: str
    why_opinion: str
    """Why its figures are the judge's opinion and in no comparison, as a clause; empty where they count."""
    systems: tuple[OpinionOnSystem, ...]
    not_judged: Mapping[str, int]
    """Reason to the number of answers."""
    as_given: int
    """Labels of answers that were not drawn by wattbench: that they are of random answers is an assumption."""
    people: int
    """How many people labelled some answer."""
    agreement: Agreement | None
    """Of these people with each other; None where no two labelled the same answer."""
    reliability: JudgeReliability
    """The judge against people."""
    biases: tuple[NamedBias, ...]
    alike: tuple[AlikeErrors, ...]
    """Of the systems of which that can be tested."""
    to_read: tuple[LabelledAnswer, ...]
    """Answers of which judge and people say the most different things, the furthest apart first."""

    @property
    def counts(self) -> bool:
        """Return whether its corrected figures are in the comparison."""
        return not self.why_opinion


@dataclass(frozen=True)
class JudgedAnswers:
    """The judged tasks of a run, or of several, and the judges."""

    tasks: tuple[JudgedTask, ...]
    bills: tuple[JudgeBill, ...]
    """A judge that was never asked has no bill."""
    related: Mapping[str, tuple[str, ...]]
    """Judge to the systems that have its weights, itself included; those without any are not in it."""
    nothing_scored: bool
    """Whether no task of the run has scores, so that no accuracy is known."""

    @property
    def opinions(self) -> tuple[JudgedTask, ...]:
        """Return the tasks that are judge's opinion."""
        return tuple(each for each in self.tasks if not each.counts)

    @property
    def lacking_labels(self) -> int:
        """Count the labels that lack until all tasks count."""
        return sum(each.lacking for task in self.tasks for each in task.systems)
