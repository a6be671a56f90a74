"""Score the recorded answers of a run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattbench.api.verifying.check import Check, check, not_made
from wattbench.api.verifying.recomputed import as_finished
from wattbench.progress.notices import stdout_to_stderr

if TYPE_CHECKING:
    from wattbench.records import RunRecords


def scores(records: RunRecords, *, run_code: bool, allow_unsafe_code: bool) -> Check:
    """Compare the scores with those that the answers get now, of tasks that may be loaded."""
    with stdout_to_stderr():
        from wattbench.tasks.loading import forget_task_files, quiet_lm_eval

        quiet_lm_eval()  # before anything else imports it
        from wattbench.measure.score_again import score_again

        forget_task_files()
        finished, _ = as_finished(records)
        scored = score_again(finished, run_code=run_code, allow_unsafe_code=allow_unsafe_code)
    left_out = tuple(f"scores of {task}: {why}" if task else f"scores: {why}" for task, why in scored.left_out.items())
    if not scored.answers:
        return not_made("scores", "; ".join(left_out) or "scores: there is no answer")
    said = f"scores of {scored.answers:,} answers, from their texts"
    made = check("scores", said, lambda: scored.differences, records.layout.root)
    return Check("scores", made.said, made.problems, left_out=left_out)
