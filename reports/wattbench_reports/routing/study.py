"""Study a router in front of the systems of a run before it is built, from the systems' own answers.

1. **Candidates** (`candidates`) and their answers, item by item (`from_run`).
2. **What a router is compared with** (`baseline`): the system that is advised (`advised`), else the most accurate one.
3. **The ceiling** (`ceiling`), which nothing that can be built exceeds.
4. **Routers that can be built** (`learned`), judged on items that they were not fitted to, and those of a file
   (`file_routes`); each with the router's own cost (`router_own`).
5. **Cascades** (`cascades`), **which systems to keep loaded** (`kept_loaded`) and **which errors a router could bear**
   (`tolerance`).
6. **The verdict** (`verdict`): worth building, not worth it, or not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError, nearest
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.decision.problem import Problem
from wattbench_reports.formatting import units
from wattbench_reports.routing.answers.from_run import conditions, item_answers
from wattbench_reports.routing.answers.item_answers import ItemAnswers, pick, with_alike
from wattbench_reports.routing.baseline import advised, baseline_of
from wattbench_reports.routing.candidates import TOO_FEW, candidates, why_not_routed
from wattbench_reports.routing.cascades import cascades
from wattbench_reports.routing.ceiling import bounded, ceiling
from wattbench_reports.routing.context import AS_RECORDED, RoutingOptions, StudyContext
from wattbench_reports.routing.file_routes import file_routes
from wattbench_reports.routing.fitting.cross_fitting import ACCURATE, VALUE
from wattbench_reports.routing.fitting.folds import deal_folds
from wattbench_reports.routing.judge import judge, with_shared_risk
from wattbench_reports.routing.kept_loaded import residents
from wattbench_reports.routing.learned import Learned, learned_choices
from wattbench_reports.routing.model import Aim, Ceiling, MeasuredHybrid, RoutingChoice, RoutingStudy, Tolerance
from wattbench_reports.routing.prediction_check import prediction_checks
from wattbench_reports.routing.predictors import alike
from wattbench_reports.routing.router_own import router_own, with_own_cost
from wattbench_reports.routing.tolerance import tolerance
from wattbench_reports.routing.verdict import verdict
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED
from wattbench_reports.tables.answer_texts import item_prompts

NONE_MEETS = "no single system is shown to meet what is required, so that gains are on the most accurate one"
OTHER_ADVISED = "{advised} is advised without a new router, and is no candidate, so that gains are on {single}"
READ_ALIKE = "{different:,} of {items:,} requests differ; those that read alike are one in every interval"
NO_ITEMS = "no item was answered by all systems that could be members of a router"
_ROUNDING = 1e-9


def routing_study(
    measured: Measured, paid: Paid, weighed: Weighed, options: RoutingOptions = AS_RECORDED
) -> RoutingStudy | str:
    """Study a router in front of the systems of a run.

    Args:
        measured, paid, weighed: of the run, under the reader's assumptions.
        options: the reader's settings for routing.

    Returns:
        The study, or why there is none, as a clause.

    Raises:
        UserError: an option names what is not in the run or is impossible, or the record is damaged.
    """
    problem = Problem(measured, paid, weighed, weighed.settings)
    columns, left_out = candidates(measured, problem)
    context = _context(problem, columns, left_out, options)
    if isinstance(context, str):
        return context
    notes = conditions(measured, weighed, problem, columns)
    if context.baseline.aim != aim_of(problem):
        notes = (NONE_MEETS, *notes)
    if context.advised is not None:
        single = context.answers.systems[context.baseline.single]
        notes = (OTHER_ADVISED.format(advised=context.advised, single=single), *notes)
    answers = context.answers
    if answers.different < answers.items:
        notes = (READ_ALIKE.format(different=answers.different, items=answers.items), *notes)
    return _study(measured, paid, weighed, context, left_out, notes)


def context_of_run(
    measured: Measured, paid: Paid, weighed: Weighed, options: RoutingOptions = AS_RECORDED
) -> StudyContext | str:
    """Return the context of the study of a run, or why there is no study, as a clause.

    Args:
        measured, paid, weighed: of the run, under the reader's assumptions.
        options: the reader's settings for routing.

    Raises:
        UserError: as `routing_study`.
    """
    problem = Problem(measured, paid, weighed, weighed.settings)
    return _context(problem, *candidates(measured, problem), options)


def _context(
    problem: Problem, columns: tuple[int, ...], left_out: dict[str, str], options: RoutingOptions
) -> StudyContext | str:
    if len(columns) < 2:
        return TOO_FEW
    if why := why_not_routed(problem.measured):
        return why
    answers = item_answers(problem.measured, problem.weighed, problem, columns)
    if answers is None:
        return NO_ITEMS
    _check_members(answers, left_out, options)
    return study_context(problem, columns, _with_alike(problem.measured, answers), options)


def study_context(
    problem: Problem, columns: tuple[int, ...], answers: ItemAnswers, options: RoutingOptions = AS_RECORDED
) -> StudyContext:
    """Return the context of a study: what a router is compared with.

    Args:
        problem: of the decision between the run's systems.
        columns: of the candidates.
        answers: theirs.
        options: the reader's.
    """
    settings, aim = problem.settings, aim_of(problem)
    worth = 0.0 if settings.worth is None or aim != "benefit" else settings.worth.right + settings.worth.wrong
    decision = decide(problem.measured, problem.paid, problem.weighed, settings)
    chosen = advised(decision, answers.systems)
    if aim == "cost" and chosen is None:  # there is no system that meets what is required to save against
        aim = "accuracy"
    usable = [position for position, column in enumerate(columns) if problem.able[column]]
    single = None if chosen is None else answers.systems.index(chosen)
    baseline = baseline_of(answers, aim, worth, single, usable or None)
    other = decision.chosen if decision.chosen not in answers.systems else None
    return StudyContext(answers, baseline, settings, options, other)


def aim_of(problem: Problem) -> Aim:
    """Return the aim of a router: accuracy, cost or net benefit, by the reader's objective and the known costs."""
    if problem.cost is None or problem.objective not in ("benefit", "cost"):
        return "accuracy"
    return "benefit" if problem.objective == "benefit" else "cost"


def _check_members(answers: ItemAnswers, left_out: dict[str, str], options: RoutingOptions) -> None:
    """Check the members that a reader names.

    Raises:
        UserError: one is not in the run or cannot be a member, or there are fewer than two.
    """
    if options.members is None:
        return
    for name in options.members:
        if name in left_out:
            raise UserError(f"members: {name} cannot be a member of a router: {left_out[name]}")
        if name not in answers.systems:
            raise UserError(f"members: no system {name!r:.60} in this run{nearest(name, answers.systems)}")
    if len(set(options.members)) < 2:
        raise UserError("members: name at least two systems, such as --members small,large")


def _study(
    measured: Measured,
    paid: Paid,
    weighed: Weighed,
    context: StudyContext,
    left_out: dict[str, str],
    notes: tuple[str, ...],
) -> RoutingStudy:
    answers, baseline = context.answers, context.baseline
    bill = router_own(measured, paid, weighed, context.options)
    loaded = residents(context, measured, paid, weighed, bill.amounts)
    learned = _learned(measured, context, bill.amounts)
    files = file_routes(context, paid, weighed, bill.amounts)
    choices = with_shared_risk((*learned.choices, *files.choices), context.settings.risk)
    highest = bounded(ceiling(context), [each.choice for each in learned.routes if each.items is None])
    hybrid = most_accurate_hybrid(measured, answers)
    highest = replace(highest, exceeded=exceeded_by(hybrid, answers, highest))
    return RoutingStudy(
        systems=answers.systems,
        left_out=left_out,
        items=answers.items,
        blocks=answers.clusters if answers.blocked else None,
        unit=answers.unit,
        label=answers.label,
        aim=baseline.aim,
        settings=context.settings,
        best_single=answers.systems[baseline.single],
        singles=tuple(_single(context, column) for column in range(len(answers.systems))),
        hull=tuple(answers.systems[column] for column in baseline.hull),
        ceiling=highest,
        choices=choices,
        control=learned.control,
        curves=learned.curves,
        cascades=cascades(context),
        residents=None if isinstance(loaded, str) else loaded,
        why_no_residents=loaded if isinstance(loaded, str) else "",
        tolerance=_errors_borne(context, learned),
        router_own=bill.amounts if choices else {},
        router_own_from=bill.origin if choices else {},
        not_judged=learned.not_judged,
        verdict=verdict(context, choices, highest, learned.not_judged),
        sampled=learned.sampled,
        notes=(*notes, *files.notes),
        predictions=prediction_checks(measured, paid),
        hybrid=hybrid,
    )


def _learned(measured: Measured, context: StudyContext, bill: Mapping[str, float]) -> Learned:
    """Judge routers that learn, with the router's own cost."""
    answers, worth = context.answers, context.settings.worth
    return learned_choices(
        context,
        lambda items: _prompts(measured, answers, items),
        lambda routed: with_own_cost(routed, bill, answers.unit, worth),
    )


def _prompts(measured: Measured, answers: ItemAnswers, items: NDArray[np.int64]) -> list[str] | None:
    return None if answers.rows is None else item_prompts(measured.frames, answers.systems[0], answers.rows[items])


def _with_alike(measured: Measured, answers: ItemAnswers) -> ItemAnswers:
    """Cluster errors by requests that read alike, unless there are more items than routers read."""
    if answers.items > KNN_ITEMS:
        return answers
    texts = _prompts(measured, answers, np.arange(answers.items))
    return answers if texts is None else with_alike(answers, alike(texts))


def _errors_borne(context: StudyContext, learned: Learned) -> Tolerance | None:
    """Return the errors that the most gainful router by domain could bear."""
    setting = ACCURATE if context.baseline.aim == "accuracy" else VALUE
    routes = (each for each in learned.routes if each.choice.kind == "domain" and each.choice.setting == setting)
    by_domain = next(routes, None)
    if by_domain is None:
        return None
    fold = deal_folds(context.answers.domain, context.answers.alike, SEED)
    return tolerance(context, by_domain.column.astype(np.int64), fold)


def _single(context: StudyContext, column: int) -> RoutingChoice:
    answers = context.answers
    name = answers.systems[column]
    routed = pick(answers, np.full(answers.items, column, dtype=np.int64))
    return replace(judge(context, "single", name, "", routed, (name,)), gain_parts=None)  # no verdict is on these


def most_accurate_hybrid(measured: Measured, answers: ItemAnswers) -> MeasuredHybrid | None:
    """Return the hybrid that answered most of the same items correctly; None if none answered them all.

    Args:
        measured: of the run.
        answers: of the candidates.
    """
    if answers.rows is None:
        return None
    best: MeasuredHybrid | None = None
    for name, row in measured.frames.run.systems().items():
        if not row.members or name not in measured.table.systems:
            continue
        column = measured.table.systems.index(name)
        trials, correct = (each[answers.rows, column] for each in (measured.table.trials, measured.table.correct))
        if not (trials > 0).all():
            continue
        accuracy = float(answers.weight @ (correct / np.maximum(trials, 1)))
        if best is None or accuracy > best.accuracy:
            best = MeasuredHybrid(name, accuracy, tuple(dict.fromkeys(row.members)))
    return best


def exceeded_by(hybrid: MeasuredHybrid | None, answers: ItemAnswers, of: Ceiling) -> str:
    """Say in a clause that a hybrid is more accurate than a perfect router on the same items, and why.

    A perfect router chooses among the candidates. A hybrid may ask other systems, of which the run has no answers, or
    its members may answer otherwise when it asks them.

    Args:
        hybrid: the most accurate one of the run, if any.
        answers: of the candidates.
        of: the ceiling over these.

    Returns:
        Empty where it did not.
    """
    if hybrid is None or hybrid.accuracy <= of.best.accuracy.estimate + _ROUNDING:
        return ""
    why = _why(hybrid.members, answers)
    return f"{hybrid.name} answers {units.percent(hybrid.accuracy)} of the same items correctly, {why}"


def _why(members: tuple[str, ...], answers: ItemAnswers) -> str:
    others = [each for each in members if each not in answers.systems]
    if not others:
        return "because its members answered otherwise than alone"
    verb = "is" if len(others) == 1 else "are"
    return (
        f"because it asks {units.named(others)}, which {verb} not among these systems; run alone, they could be judged"
    )
