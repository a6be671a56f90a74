"""Train a router on some items of a run, write it with a suite of the others, and predict its figures on these.

The router is opened as a hybrid opens it, and its choices for the test items are those of the file that is written. So
what is predicted of the hybrid is its members' own answers to the requests that it would send them.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wattbench.api.routers.written_suite import KINDS, RouterToWrite, WrittenSuite, suite_text, train
from wattbench.config import HybridSystem, Prediction, resolved_from_record
from wattbench.errors import UserError
from wattbench.records.files.atomic_write import FAILURE, failing_as, make_folder, move_into_place, write_atomically
from wattbench.records.schema.base import expanded
from wattbench.records.schema.prediction import PredictedFigures
from wattbench_reports.formatting import units
from wattbench_reports.routing.answers.item_answers import JOULES, answers_among, pick
from wattbench_reports.routing.context import AS_RECORDED
from wattbench_reports.routing.fitting.fitted import split_items
from wattbench_reports.routing.judge import judge
from wattbench_reports.routing.model import WorthBuilding
from wattbench_reports.routing.predictors import alike
from wattbench_reports.routing.router_own import router_own, with_own_cost
from wattbench_reports.routing.study import context_of_run
from wattbench_reports.stats.budgets import SEED
from wattbench_reports.tables.answer_texts import item_prompts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattbench.config import Resolved
    from wattbench.records import RunRecords
    from wattbench_reports.comparison.measured import Measured
    from wattbench_reports.comparison.paid import Paid
    from wattbench_reports.comparison.weighed import Weighed
    from wattbench_reports.routing.context import RoutingOptions, StudyContext
    from wattbench_reports.routing.fitting.fitted import Split
    from wattbench_reports.routing.model import RoutingChoice, RoutingStudy
    from wattbench_reports.stats import Interval

SUITE, MODEL = "suite.yaml", "router.npz"
MOST_ITEMS = 8_000
"""Of more items a random sample is used: every part of it has its most then."""


@dataclass(frozen=True)
class WrittenRoute:
    """A router and its suite, as they were written."""

    folder: Path
    hybrid: str
    """Its name in the suite."""
    kind: str
    """``classifier`` (of each member's score, by the words of a request) or ``domain``."""
    choice: RoutingChoice
    """What is predicted of it, on the test items."""
    single: RoutingChoice
    """The best single system on the same items."""
    trained: int
    """How many items it was trained on."""
    calibrated: int
    """How many items its thresholds were set on."""
    tested: int
    note: str
    """Why it is not what the study recommends, as a sentence; empty where it is."""

    @property
    def suite(self) -> Path:
        """Return the path of the suite."""
        return self.folder / SUITE

    @property
    def lines(self) -> tuple[str, ...]:
        """Return lines on what was written, what is predicted, and what to do next."""

        def figures(choice: RoutingChoice) -> str:
            joules = choice.amounts.get(JOULES)
            cost = "" if joules is None else f", {units.quantity_interval(joules, 'J')} per request"
            return f"{units.percent_interval(choice.accuracy)} correct{cost}"

        what = "of domains" if self.kind == "domain" else "of each member's score"
        return (
            f"router: {self.folder / MODEL}: a classifier {what}, for {', '.join(self.choice.members)}; trained on "
            f"{units.plural(self.trained, 'item')}, thresholds set on {self.calibrated:,}",
            f"predicted on {self.tested:,} others: {figures(self.choice)}; {self.single.name} alone: "
            f"{figures(self.single)}",
            f"suite: {self.suite}, which asks those {self.tested:,}: wattbench run {self.suite}",
            *([self.note] if self.note else []),
        )


def write_route(
    measured: Measured,
    paid: Paid,
    weighed: Weighed,
    study: RoutingStudy | str,
    folder: Path,
    options: RoutingOptions | None = None,
) -> WrittenRoute:
    """Train the router that a study recommends, or the best one that can be written, and write it with a suite.

    Args:
        measured, paid, weighed: of the run.
        study: of the run.
        folder: which is made; one that is there must be empty.
        options: those of the study.

    Raises:
        UserError: no router of this run can be written, or the folder cannot be.
    """
    records = measured.frames.run
    resolved = _suite_of(records, folder)
    context = context_of_run(measured, paid, weighed, options or AS_RECORDED)
    if isinstance(study, str) or isinstance(context, str):
        raise UserError(f"{records.layout.root}: no router can be written: {study}")
    kind, setting = _recommended(records, study)
    work = _work(measured, resolved, context)
    try:
        target = expanded(folder).resolve()
    except ValueError as error:
        raise UserError(f"{folder}: {FAILURE} ({error})") from error
    with failing_as(target, FAILURE):
        make_folder(target.parent)
        temporary = Path(tempfile.mkdtemp(prefix=".wattbench-", dir=target.parent))
    try:
        router = train(work.context, work.texts, work.split, kind, setting, temporary / MODEL)
        written = replace(_judged(measured, paid, weighed, work, router, target), note=_note(study, kind))
        text = _suite(records, resolved, work, router, written)
        write_atomically(temporary / SUITE, text.encode())
        _move(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return written


@dataclass(frozen=True)
class _TrainingData:
    """The items that a router is trained and judged on."""

    context: StudyContext
    texts: Sequence[str]
    """The request of each item, as the router will read it."""
    reader: str
    """The system in whose prompt form that is."""
    split: Split
    documents: Mapping[str, Sequence[int]]
    """Task to its test documents."""


def _suite_of(records: RunRecords, folder: Path) -> Resolved:
    """Return the suite of a run, if its systems can be asked again."""
    root, header = records.layout.root, records.header
    if header.imported is not None:
        raise UserError(
            f"{root}: another tool made this run, and its record does not say how its systems are asked: no suite can "
            "be written. Ask them with wattbench first"
        )
    if header.gate is not None:
        raise UserError(f"{root}: this is the run of a gate: no router is written of its two versions of a system")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserError(f"{folder}: there is something already. Name a folder that is not there")
    return resolved_from_record(header.suite)


def _recommended(records: RunRecords, study: RoutingStudy) -> tuple[str, str]:
    """Return the kind and setting of the router to write: the recommended one, else the best possible one."""
    chosen = study.verdict.choice
    if chosen is not None and chosen.kind in KINDS:
        return chosen.kind, chosen.setting
    able = [each for each in study.choices if each.kind in KINDS]
    if not able:
        why = "; ".join(f"{kind}: {reason}" for kind, reason in study.not_judged.items() if kind in KINDS)
        raise UserError(f"{records.layout.root}: no router can be written ({why or 'none was judged'})")
    # A router by similar requests would have to keep them, and what is in a file of routes cannot be repeated.
    if chosen is not None and chosen.kind == "nearest":
        able = [each for each in able if each.kind == "classifier"] or able
    best = max(able, key=lambda each: each.gain.estimate)
    return best.kind, best.setting


def _work(measured: Measured, resolved: Resolved, context: StudyContext) -> _TrainingData:
    answers = context.answers
    if answers.items > MOST_ITEMS:
        kept = np.sort(np.random.default_rng(SEED).choice(answers.items, MOST_ITEMS, replace=False))
        context = replace(context, answers=answers_among(answers, kept.astype(np.int64)))
        answers = context.answers
    reader, texts = _requests(measured, resolved, context)
    split = split_items(answers.domain, alike(texts))
    assert answers.rows is not None  # of a run, they are known
    return _TrainingData(context, texts, reader, split, _documents(measured, answers.rows[split.test]))


def _requests(measured: Measured, resolved: Resolved, context: StudyContext) -> tuple[str, list[str]]:
    """Return the name of the system whose prompt form the router reads, and the requests in that form.

    The shortest form without a chat template: worked examples say nothing of a request, and a template is a model's.
    Where all have one it is that of the system that answers in case of doubt, whose template the hybrid uses.
    """
    answers = context.answers
    default = answers.systems[context.baseline.single]
    plain = [name for name in answers.systems if not resolved.systems[name].prompt.chat]
    forms: dict[str, str] = {}
    for name in plain or [default]:
        forms.setdefault(resolved.systems[name].prompt.model_dump_json(), name)
    assert answers.rows is not None
    shortest: tuple[str, list[str]] | None = None
    for name in forms.values():  # one after the other: prompts are most of a run's bytes
        texts = item_prompts(measured.frames, name, answers.rows, None)
        if texts is not None and (shortest is None or _length(texts) < _length(shortest[1])):
            shortest = name, texts
    if shortest is None:
        raise UserError(f"{measured.frames.run.layout.root}: no router can be written: prompts are not on record")
    return shortest


def _length(texts: Sequence[str]) -> int:
    return sum(map(len, texts))


def _documents(measured: Measured, rows: NDArray[np.int64]) -> dict[str, list[int]]:
    """Return the documents of some rows of the item table, by task."""
    items, row = measured.frames.items, measured.frames.row_of_answer
    _, first = np.unique(row, return_index=True)
    chosen = items.iloc[first[rows]]
    documents: dict[str, list[int]] = {}
    for task, document in zip(chosen["task"].astype(str), chosen["doc_id"].astype(int), strict=True):
        documents.setdefault(task, []).append(int(document))
    return documents


def _judged(
    measured: Measured, paid: Paid, weighed: Weighed, work: _TrainingData, router: RouterToWrite, folder: Path
) -> WrittenRoute:
    """Judge the written router, and the best single system, on the test items."""
    test = np.flatnonzero(work.split.test)
    answers = answers_among(work.context.answers, test)
    context = replace(work.context, answers=answers)
    columns = router.choose([work.texts[each] for each in test.tolist()])
    bill = router_own(measured, paid, weighed, context.options).amounts
    routed = with_own_cost(pick(answers, columns), bill, answers.unit, context.settings.worth)
    members = tuple(answers.systems[each] for each in sorted(set(router.columns)))
    single = context.baseline.single
    alone = pick(answers, np.full(len(test), single, dtype=np.int64))
    name = answers.systems[single]
    return WrittenRoute(
        folder=folder,
        hybrid=_free_name("hybrid", answers.systems),
        kind=router.kind,
        choice=judge(
            context, "domain" if router.kind == "domain" else "classifier", "", router.setting, routed, members
        ),
        single=judge(context, "single", name, "", alone, (name,)),
        trained=int(work.split.training.sum()),
        calibrated=int(work.split.calibration.sum()),
        tested=len(test),
        note="",
    )


def _note(study: RoutingStudy, kind: str) -> str:
    """Return a note if the study recommends another router than the written one, or no router. Empty otherwise."""
    chosen = study.verdict.choice
    notes = []
    if study.verdict.answer != WorthBuilding.YES:
        notes.append(f"the study does not say that it is worth building: {study.verdict.answer}")
    if chosen is not None and chosen.kind == "nearest" and kind != chosen.kind:
        notes.append("the recommended k-NN router would have to keep the requests, so that another is written")
    elif chosen is not None and chosen.kind != kind:
        notes.append("the recommended routes are those of a file, so that another is written")
    return f"note: {'; '.join(notes)}" if notes else ""


def _suite(
    records: RunRecords, resolved: Resolved, work: _TrainingData, router: RouterToWrite, written: WrittenRoute
) -> str:
    systems = work.context.answers.systems
    members = {label: systems[column] for label, column in router.members.items()}
    single = written.single.name
    settings = HybridSystem(
        kind="hybrid",
        engine="hybrid",
        description=f"{router.description}, trained on {written.trained} items of {records.header.run}"[:400],
        members=members,
        fallback=router.fallback,
        router=router.config.model_copy(update={"model": written.folder / MODEL}),
        prompt=resolved.systems[work.reader].prompt,
        predicted=_prediction(records.header.run, written),
    )
    taking_part = [name for name in resolved.systems if name in {*members.values(), single}]
    suite = WrittenSuite(
        resolved=resolved,
        name=f"{resolved.suite.name[:70]}-routed",
        description=f"{written.hybrid}, its members and {single}, on {written.tested} documents held out of training",
        documents=work.documents,
        systems=taking_part,
        hybrid=written.hybrid,
        settings=settings,
    )
    comment = (
        f"Written by `wattbench route {records.header.run} --write`. Run it with: wattbench run {SUITE}",
        f"The router in {MODEL} was trained on {written.trained} items and its thresholds were set on "
        f"{written.calibrated}; documents: names the {written.tested} others.",
    )
    return suite_text(suite, written.folder, comment)


def _prediction(run: str, written: WrittenRoute) -> Prediction:
    choice = written.choice
    return Prediction(
        run=run,
        items=written.tested,
        figures=_figures({"accuracy": choice.accuracy, **choice.amounts}),
        single=written.single.name,
        over_single=_figures({"accuracy": choice.accuracy_gain, **choice.amount_gains}),
    )


def _figures(intervals: Mapping[str, Interval]) -> PredictedFigures:
    """Return the predicted figures whose bounds are finite, to six digits."""
    known = {
        name: [float(f"{value:.6g}") for value in (each.estimate, each.low, each.high)]
        for name, each in intervals.items()
    }
    return PredictedFigures.model_validate(
        {name: values for name, values in known.items() if all(math.isfinite(value) for value in values)}
    )


def _free_name(wanted: str, taken: Sequence[str]) -> str:
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _move(temporary: Path, folder: Path) -> None:
    """Move the complete folder into its place."""
    with failing_as(folder, FAILURE):
        temporary.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()
    move_into_place(temporary, folder)
