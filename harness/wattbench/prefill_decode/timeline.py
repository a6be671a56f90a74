"""Compute which phase the items of a window were in, moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.records import AnswerRow, WindowRow

PREFILL, DECODE, CHOOSING, OTHER = range(4)
"""Columns of every array of phases. Choosing: a hybrid's router is at work. Other: nothing is in flight."""

_GENERATE = "generate_until"


def why_phases_unknown(answers: Sequence[AnswerRow]) -> str | None:
    """Return why the phases of some answers are unknown; None if they are known."""
    failed = sum(answer.failure is not None for answer in answers)
    if failed:
        return f"{failed} of {len(answers)} requests failed, and the phases of those are not known"
    silent = [answer for answer in answers if not _first_token_known(answer)]
    if len(silent) == len(answers):
        return "the engine does not report when the first token arrived"
    if silent:
        return f"{len(silent)} of {len(answers)} answers have no first-token stamp"
    if any(len(answer.replies) > 1 and answer.request_type == _GENERATE for answer in answers):
        return "an item takes several requests, and only the first token of the first is known"
    if any(answer.route is not None and answer.batch_size > 1 for answer in answers):
        return "the members of a hybrid answer their parts of a batch one after the other"
    return None


def _first_token_known(answer: AnswerRow) -> bool:
    """Return whether the end of prefill is known. An answer of one token or none is all prefill."""
    if answer.request_type != _GENERATE or answer.first_token_s is not None:
        return True
    return answer.output_tokens is not None and answer.output_tokens <= 1


@dataclass(frozen=True)
class Timeline:
    """The seconds of each phase of a window, up to any moment."""

    started_s: float
    finished_s: float
    """Until when the phases are known: where items were asked several times, the end of the first pass."""
    edges_s: NDArray[np.float64]
    """Shape (edges,), since `started_s`: moments at which a phase of some item begins or ends."""
    passed_s: NDArray[np.float64]
    """Shape (edges, 4): seconds of each phase until then."""

    @property
    def total_s(self) -> NDArray[np.float64]:
        """Return the total seconds of each phase, shape (4,). They sum to the length of the timeline."""
        return np.asarray(self.passed_s[-1])

    def until(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the seconds of each phase from the window's start until each moment, shape (*at_s.shape, 4).

        Before the window nothing was in flight: counted backwards from 0, as `OTHER`.
        """
        since_s = at_s - self.started_s
        passed = np.stack([np.interp(since_s, self.edges_s, column) for column in self.passed_s.T], axis=-1)
        passed[..., OTHER] += np.minimum(since_s, 0.0)
        return np.asarray(passed)


def timeline(window: WindowRow, answers: Sequence[AnswerRow]) -> Timeline:
    """Build the timeline of a window from the time stamps of its answers, at least one.

    At each moment the phases share it by the number of items that are in each: two items in prefill and six in decode
    make a second into 0.25 s of prefill and 0.75 s of decode.
    """
    stamps = np.array([_stamps(answer) for answer in answers], dtype=np.float64) - window.started_s
    length_s = window.finished_s - window.started_s
    if window.passes > 1:  # the later passes have no stamps
        length_s = min(length_s, float(stamps[:, -1].max()))
    stamps = np.clip(stamps, 0.0, max(length_s, 0.0))
    edges_s = np.unique(np.concatenate([[0.0, max(length_s, 0.0)], stamps.ravel()]))
    begun = [np.searchsorted(np.sort(column), edges_s[:-1], side="right") for column in stamps.T]
    started, chosen, first, finished = begun
    in_phase = np.stack([chosen - first, first - finished, started - chosen], axis=1).astype(np.float64)
    in_flight = in_phase.sum(axis=1, keepdims=True)
    lengths_s = np.diff(edges_s)[:, None]
    split_s = in_phase / np.maximum(in_flight, 1.0) * lengths_s
    idle_s = np.where(in_flight > 0, 0.0, lengths_s)
    passed_s = np.vstack([np.zeros(4), np.cumsum(np.hstack([split_s, idle_s]), axis=0)])
    return Timeline(window.started_s, window.started_s + edges_s[-1], edges_s, passed_s)


def _stamps(answer: AnswerRow) -> tuple[float, float, float, float]:
    """Return an answer's start, end of the router's choice, first token and end, in ascending order."""
    finished_s = max(answer.finished_s, answer.started_s)
    first_s = finished_s
    if answer.request_type == _GENERATE and answer.first_token_s is not None:
        first_s = min(max(answer.first_token_s, answer.started_s), finished_s)
    chosen_s = min(answer.started_s + max(answer.router_s or 0.0, 0.0), first_s)
    return answer.started_s, chosen_s, first_s, finished_s
