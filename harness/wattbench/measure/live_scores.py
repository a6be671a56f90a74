"""Score the answers of a turn for the progress display, between windows and in little time.

What counts are the scores that are made when the run ends. Here a suite is left out whose tasks run code that a model
wrote, fail, have no score from 0 to 1, or take long to score: the progress then shows no accuracy.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence

from wattbench.clock import now_s
from wattbench.config import Resolved
from wattbench.measure.scorer import Scorer
from wattbench.records import AnswerRow
from wattbench.tasks.scoring import generators_kept

LONGEST_S = 0.5
"""What scoring a turn may take, by the first answer of each of its tasks; a turn of 25 answers takes 1 to 3 ms."""
MOST = 0.01
"""Share of the time of a run that scoring may take. A turn that would take more is not scored."""


class LiveScores:
    """Scores turns of systems; each task is loaded once."""

    def __init__(self, resolved: Resolved) -> None:
        self._choices = {choice.task: choice for choice in resolved.tasks}
        self._resolved, self._began_s, self._spent_s = resolved, now_s(), 0.0
        self._scorers: dict[str, Scorer] = {}
        self._item_s: dict[str, float] = {}
        """Seconds for the first answer of a task, when it is scored for the second time: what is imported then is."""
        self._possible = True

    def of(self, by_task: Mapping[str, Sequence[AnswerRow]]) -> tuple[float, int] | None:
        """Return the sum of the scores of some answers, and their number.

        None if scoring takes too long or has failed, or if a judge scores them all.

        Args:
            by_task: task to answers, none of them a failure of the harness.
        """
        if not self._possible or self._spent_s > MOST * (now_s() - self._began_s):
            return None
        try:
            with generators_kept(), contextlib.redirect_stderr(io.StringIO()):  # lm-eval has progress bars of its own
                self._try_out(by_task)
                if sum(self._item_s[task] * len(rows) for task, rows in by_task.items()) > LONGEST_S:
                    raise TimeoutError
                began_s = now_s()
                scored = (row.correct for task, rows in by_task.items() for row in self._scorers[task].score(rows))
                scores = [correct for correct in scored if correct is not None]
                self._spent_s += now_s() - began_s
        except Exception:  # of others' code; the scores at the end of the run say what is wrong
            self._possible = False
            return None
        return (sum(scores), len(scores)) if scores else None

    def _try_out(self, by_task: Mapping[str, Sequence[AnswerRow]]) -> None:
        """Load the tasks that are new, and time how long scoring their first answer takes.

        Raises:
            PermissionError: the task runs code that a model wrote.
        """
        for task in by_task.keys() - self._scorers.keys():
            scorer = Scorer(self._resolved, self._choices[task])
            if scorer.loaded.outline.unsafe_code:
                raise PermissionError
            first = by_task[task][:1]
            scorer.score(first)
            began_s = now_s()
            scorer.score(first)
            self._scorers[task], self._item_s[task] = scorer, now_s() - began_s
