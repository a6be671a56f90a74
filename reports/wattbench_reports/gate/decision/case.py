"""Hold one metric of a gate: its figures, its test, and the claims that fail or pass it.

Two claims are tested of each metric. *It is worse by no more than a quarter of the margin*: rejected, the metric has
regressed. *It is worse by the margin*: rejected, it passes. The null is not "no difference at all": instances of one
system, loaded once, differ by about a per cent on many machines, and a test that runs for long enough finds that. It is
fixed before the gate, so that neither error rate depends on what is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wattbench.records.suite_defaults import NULL_SHARE
from wattbench_reports.gate.decision.sequential_tests import Trial, Values, log_ratio
from wattbench_reports.gate.metrics import ACCURACY, SEPARATOR
from wattbench_reports.gate.policy import Rule
from wattbench_reports.stats import reached


@dataclass(frozen=True)
class Slack:
    """What two runs may differ by without any change of the system: in turns, nothing."""

    failing: float = 0.0
    """A share: a regression has to be larger by it."""
    passing: float = 0.0
    """A share: a pass has to leave it of the margin."""
    failing_rate: float = 0.0
    """How often the two differ by more than `failing` for all that; it is part of the metric's false-alarm rate."""
    passing_rate: float = 0.0
    """Likewise, of `passing`; it is part of the miss rate."""
    sessions: int = 0
    """Of a measured one, the sessions that it is known from; 0: it was declared."""


NO_SLACK = Slack()


@dataclass(frozen=True)
class Case:
    """One metric of a gate, between two systems."""

    rule: Rule
    """Of a domain, with its own margin and its part of the weight."""
    pair: str = ""
    """Of several pairs in one gate, which: the benchmark's name."""
    domain: str = ""
    """Of accuracy in one domain, which; empty over all."""
    trial: Trial | None = None
    """None: there is nothing to test, and one of `apart` and `missing` says why, or the figures are single ones."""
    baseline: float | None = None
    candidate: float | None = None
    change: float | None = None
    """As `wattbench_reports.gate.result.MetricVerdict` has it."""
    provenance: str = ""
    apart: str | None = None
    missing: str | None = None
    waits_for: int | None = None
    """Without a test: how many more items one needs at least."""
    slack: Slack = NO_SLACK

    @property
    def name(self) -> str:
        """Return the name of the verdict: ``latency_p50``, ``test_parse · latency_p50``, ``accuracy · law``."""
        return SEPARATOR.join(filter(None, (self.pair, self.rule.metric, self.domain)))

    @property
    def blocks(self) -> bool:
        """Return whether the gate's verdict depends on it."""
        return self.rule.blocks and not (self.rule.only_if_measured and self.missing is not None)

    @property
    def tested(self) -> bool:
        """Return whether it is tested, or will be once there are more items: it then has its part of alpha from the
        start, as a part that changes with what was seen so far would not be one."""
        return self.trial is not None or self.waits_for is not None

    @property
    def null(self) -> float:
        """Return the worsening up to which it has not regressed."""
        return NULL_SHARE * self.rule.margin

    @property
    def in_points(self) -> bool:
        """Return whether a worsening is in points; else it is a share."""
        return self.rule.metric == ACCURACY

    def worse(self, by: float) -> Values:
        """Return the log evidence, after each round, that it is worse by more than `by`, other than by the slack."""
        assert self.trial is not None
        return self.trial.worse(self._seen(by, self.slack.failing), self._failing_distance)

    def better(self, than: float) -> Values:
        """Return the log evidence that it is better than a worsening by `than`, negative ones included, as surely."""
        assert self.trial is not None
        return self.trial.better(self._seen(than, -self.slack.failing), self._failing_distance)

    def no_worse(self, than: float) -> Values:
        """Return the log evidence that rules out a worsening by `than` or more; of a pass, so with its slack."""
        assert self.trial is not None
        return self.trial.better(self._seen(than, -self.slack.passing), self._passing_distance)

    def no_better(self, than: float) -> Values:
        """Return the log evidence that rules out an improvement by `-than` or more, as surely."""
        assert self.trial is not None
        return self.trial.worse(self._seen(than, self.slack.passing), self._passing_distance)

    def fails(self) -> Values:
        """Return the log evidence that it has regressed; of a two-sided rule the greater of two bets of half each."""
        if not self.rule.either:
            return self.worse(self.null)
        return np.maximum(self.worse(self.null), self.better(-self.null)) - math.log(2)

    def passes(self) -> Values:
        """Return the log evidence that it is not worse by the margin; of a two-sided rule, that it is on neither
        side."""
        if not self.rule.either:
            return self.no_worse(self.rule.margin)
        return np.minimum(self.no_worse(self.rule.margin), self.no_better(-self.rule.margin))

    def improves(self) -> Values:
        """Return the log evidence that it is better by more than a quarter of the margin."""
        return self.better(-self.null)

    def p_fails(self, log_evidence: Values) -> Values:
        """Return the p-value that evidence such as `fails` comes to after each round, valid at any time."""
        return np.asarray(np.minimum(1.0, self.slack.failing_rate + np.exp(-reached(log_evidence))))

    def p_passes(self, log_evidence: Values) -> Values:
        """Return likewise what evidence such as `passes` comes to."""
        return np.asarray(np.minimum(1.0, self.slack.passing_rate + np.exp(-reached(log_evidence))))

    def p_ruled_out(self) -> Values:
        """Return the p-value that it is worse by the margin, after each round; of a two-sided rule, of either side.

        Both sides have to be ruled out, each whenever it was (an intersection-union test: R. L. Berger, Technometrics
        24, 1982).
        """
        ruled_out = self.p_passes(self.no_worse(self.rule.margin))
        if not self.rule.either:
            return ruled_out
        return np.asarray(np.maximum(ruled_out, self.p_passes(self.no_better(-self.rule.margin))))

    @property
    def can_pass(self) -> bool:
        """Return whether an unchanged candidate could ever pass: the slack leaves some of the margin."""
        return self.slack.passing < self.rule.margin

    def growth(self, *, failing: bool) -> float:
        """Estimate how much the log evidence that fails (else passes) it grows per item, if all are like those."""
        assert self.trial is not None
        one_side = self._growth(failing, mirrored=False)
        if not self.rule.either:
            return one_side
        return (max if failing else min)(one_side, self._growth(failing, mirrored=True))

    def _growth(self, failing: bool, *, mirrored: bool) -> float:
        assert self.trial is not None
        size = self.null if failing else self.rule.margin
        slack = self.slack.failing if failing else -self.slack.passing
        at = self._seen(-size, -slack) if mirrored else self._seen(size, slack)
        distance = self._failing_distance if failing else self._passing_distance
        return self.trial.growth(at, distance, worse=failing != mirrored)

    def _seen(self, worsening: float, slack: float) -> float:
        """Return the worsening that two runs show if the slack of a share comes on top; negative: off it."""
        if not slack:
            return worsening
        return (1 + worsening) * (1 + slack if slack > 0 else 1 / (1 - slack)) - 1

    @property
    def _failing_distance(self) -> float:
        """From the null to the margin."""
        if self.in_points:
            return self.rule.margin - self.null
        return log_ratio(self.rule.margin) - log_ratio(self.null)

    @property
    def _passing_distance(self) -> float:
        """From the margin to no change, or what the slack leaves of that."""
        if self.in_points:
            return self.rule.margin
        whole = log_ratio(self.rule.margin)
        return max(whole - log_ratio(self.slack.passing), NULL_SHARE * whole)
