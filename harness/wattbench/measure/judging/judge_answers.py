"""Ask the judges of a suite about the recorded answers of a run, in windows of their own.

A judge is loaded after all answers are recorded and the systems are released. Loading it, its idle draw and its
requests have windows with its name, of the purposes `load`, `idle` and `judging`: a bill of the evaluation, in no
system's figures. Of a judge that is also one of the systems, all of them are of the purpose `judging`, so that its own
loading stays what it was. Each verdict is on disk as it comes, so that a run that is resumed asks for the rest.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lm_eval.api.instance import Instance

from wattbench.config import EndpointSystem, Measure, Prompt, SystemBase
from wattbench.measure.ask_items import ItemRequests, ask_items, items_of
from wattbench.measure.item_rows import system_row
from wattbench.measure.judging.judge_rows import judge_row
from wattbench.measure.judging.questions import FAILED, JudgeQuestion, Pair, judged_tasks, questions_of, without_verdict
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.resume import check_same_judge
from wattbench.meters import OpenWindow
from wattbench.progress import PlannedTurn
from wattbench.records import AnswerRow, Purpose, SystemRow
from wattbench.records.opinions import digest_of
from wattbench.records.rows.judgements import JudgementRow
from wattbench.systems import Engine, TaskContext, import_libraries, open_engine, release_base
from wattbench.systems.base import GENERATE
from wattbench.tasks.judged.prompt import REPLY_TOKENS
from wattbench.tasks.judged.verdict import Verdict, read_verdict
from wattbench.tasks.requests import in_template

if TYPE_CHECKING:
    from lm_eval.api.model import LM

TASK = "judging"
"""The name under which engines know what a judge is asked."""

AT_ONCE = 4
"""Requests of a server that judges which are under way together, unless the suite has more: no answer is timed here,
and a server that decodes one at a time has the others wait within its `timeout_s`."""

_GENERATION = {"until": [], "do_sample": False, "temperature": 0.0, "max_gen_toks": REPLY_TOKENS}


def judge_answers(context: MeasuringContext, pairs: Iterable[Pair]) -> None:
    """Ask for every verdict that a run lacks. Does nothing in a run without judged tasks.

    Args:
        context: of the run, whose answers and scores are recorded; no system is loaded that the judge leaves no room.
        pairs: the systems and tasks of the run.

    Raises:
        UserError: a judge cannot be loaded, fails at all requests, or is not the one that judged before; the budget is
            reached. The verdicts so far are recorded, and the run can be resumed.
    """
    resolved, named = context.resolved, list(pairs)
    for judge in dict.fromkeys(choice.judged.judge for choice in judged_tasks(resolved) if choice.judged is not None):
        questions = questions_of(context.records, resolved, judge, named)
        left = without_verdict(questions, context.records.judgements())
        if left:
            _ask(context, judge, left, answered=len(questions) - len(left))
        else:
            _record_judge(context, judge, None)


def _ask(context: MeasuringContext, judge: str, questions: Sequence[JudgeQuestion], answered: int) -> None:
    config, measure = context.resolved.judges[judge], context.measure
    title, answers_too = f"{judge} (judge)", judge in context.resolved.systems
    with context.alone():
        context.progress.note(f"loading {title} ...")
        context.trace_to(judge, None)
        import_libraries(config)
        window = context.open_window(judge, None, Purpose.JUDGING if answers_too else Purpose.LOAD)
        try:
            with open_engine(judge, config, batch=measure.batch, seed=measure.seed) as engine:
                context.attach(engine)
                load = window.close()
                context.writer.append_window(load)
                _record_judge(context, judge, system_row(judge, config, engine.facts(), load))
                engine.activate()
                asks = _requests(engine, config, questions)
                idle_w = {} if answers_too else context.idle_power_w(judge, title)
                context.progress.start_cell(title, PlannedTurn(title, answered + len(questions)), answered)
                recorder = VerdictRecorder(context, judge, title, questions, idle_w)
                with context.limited(judge):
                    replies = ask_items(
                        engine, recorder, asks, batch=_at_once(engine, config, measure), numbers=itertools.count()
                    )
                    deque(replies, maxlen=0)  # the recorder keeps the verdicts
                    recorder.done()
                context.progress.end_cell()
        finally:
            release_base()
            context.metering.trace_to(None)


def _at_once(engine: Engine, config: SystemBase, measure: Measure) -> int:
    """Return how many requests of a judge are under way together."""
    if not engine.concurrent:
        return measure.batch
    if isinstance(config, EndpointSystem) and config.serve is not None and config.serve.llamacpp is not None:
        return config.serve.llamacpp.slots
    return max(measure.batch, AT_ONCE)


def _record_judge(context: MeasuringContext, judge: str, loaded: SystemRow | None) -> None:
    """Record what scores each task of a judge, unless the record has it.

    Args:
        context: of the run.
        judge: its name.
        loaded: None: nothing is left for it to judge.

    Raises:
        UserError: the record has another judge, rubric or prompt.
    """
    known = context.records.judges()
    for choice in judged_tasks(context.resolved):
        judged = choice.judged
        if judged is None or judged.judge != judge:
            continue
        row = judge_row(choice.task, judged, loaded)
        if (before := known.get(choice.task)) is not None:
            check_same_judge(context.records, before, row)
        if before is None or (loaded is not None and not before.facts):
            context.writer.append_judge(row)


def _requests(engine: Engine, config: SystemBase, questions: Sequence[JudgeQuestion]) -> list[ItemRequests]:
    """Write the questions in the judge's prompt form; `doc_id` is the position of a question."""

    def in_form(prompt: Prompt, lm: LM) -> Mapping[int, Sequence[Instance]]:
        return {
            number: [
                Instance(GENERATE, {}, (_prompt(question.prompt, prompt, lm), dict(_GENERATION)), 0, (TASK, number, 1))
            ]
            for number, question in enumerate(questions)
        }

    context = TaskContext(TASK, TASK, in_form)
    engine.begin_task(context)
    requests = [each for of_question in in_form(config.prompt, engine.lm).values() for each in of_question]
    return [each.as_repeat(0) for each in items_of(GENERATE, requests, config=config, task=TASK)]


def _prompt(question: str, prompt: Prompt, lm: LM) -> str:
    if not prompt.chat:
        return question if prompt.system is None else f"{prompt.system}\n\n{question}"
    system = [] if prompt.system is None else [{"role": "system", "content": prompt.system}]
    return in_template(lm, [*system, {"role": "user", "content": question}], add_generation_prompt=True)


class VerdictRecorder:
    """Write each verdict to disk as it comes, inside windows. A `wattbench.measure.ask_items.Recorder`."""

    def __init__(
        self,
        context: MeasuringContext,
        judge: str,
        title: str,
        questions: Sequence[JudgeQuestion],
        idle_w: Mapping[str, float],
    ) -> None:
        """Set up the recorder, without an open window.

        Args:
            context: of the run.
            judge: its name.
            title: its name in the progress: a system may have the same.
            questions: by the `doc_id` of the requests.
            idle_w: watts per component of the loaded, idle judge, where they are known.
        """
        self._context, self._judge, self._title = context, judge, title
        self._questions, self._idle_w = questions, idle_w
        self._window: OpenWindow | None = None

    def warm_up(self, asks: Sequence[ItemRequests]) -> None:
        """Send nothing: no time of a judge is compared."""

    def before_batch(self) -> str:
        """Return the id of the window; open one if there is none."""
        if self._window is None:
            self._window = self._context.open_window(self._judge, None, Purpose.JUDGING)
        return self._window.label.window

    def after_batch(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow], left: int) -> None:
        """Write the verdicts of a batch, and end the window if it is long enough."""
        self.keep(asks, rows)
        self.end_round(left)

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """Write verdicts to disk.

        Raises:
            UserError: too many requests have failed one after the other.
        """
        context = self._context
        for row in rows:
            context.writer.append_judgement(judgement(self._questions[row.doc_id], row))
            context.failures.count(self._judge, row)
        latencies_s = [row.finished_s - row.started_s if row.failure is None else None for row in rows]
        context.progress.answered(self._title, latencies_s)

    def full(self, left: int) -> bool:
        """Return whether the window is long enough to end."""
        longest_s = max(self._context.measure.window_s, self._context.effort.min_window_s)
        return self._window is not None and self._window.elapsed_s >= longest_s

    def end_round(self, left: int) -> None:
        """End the window if it is full, and other requests follow."""
        if left and self.full(left):
            self.done()

    def done(self) -> None:
        """End the window."""
        if self._window is None:
            return
        row = self._window.close(idle_w=self._idle_w)
        self._context.writer.append_window(row)
        self._context.progress.window_closed(self._title, row.power_w, row.provenance_label)
        self._window = None


def judgement(question: JudgeQuestion, row: AnswerRow) -> JudgementRow:
    """Build the record of a verdict.

    Args:
        question: what the judge was asked.
        row: its reply.
    """
    reply = str(row.replies[0]) if row.failure is None else ""
    if row.failure is not None:
        read = Verdict(None, f"{FAILED}{row.failure}")
    else:
        read = read_verdict(reply, question.judged, cut_at=row.output_limit if row.finish_reason == "length" else None)
    score = read.score
    if score is not None and question.shown == "second":
        score = 1.0 - score
    answer = question.answer
    return JudgementRow(
        doc_id=answer.doc_id,
        repeat=answer.repeat,
        offered_per_s=answer.offered_per_s,
        arrivals=answer.arrivals,
        system=question.system,
        task=question.task,
        answer_sha256=digest_of(answer),
        judge=question.judged.judge,
        shown=question.shown,
        verdict=score,
        why=read.why,
        reply=reply,
        prompt_hash=question.prompt_hash,
        started_s=row.started_s,
        finished_s=row.finished_s,
        window=row.window,
        **row.counts,
    )
