"""The result of a gate: a verdict for each metric and for the gate, with the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wattbench.records.schema.gate import Waiver
from wattbench_reports.formatting.safe_text import Excerpt
from wattbench_reports.gate.policy import DeclaredTrade, Policy


class Verdict(StrEnum):
    """The verdict on a metric, or on a gate."""

    PASS = "pass"  # noqa: S105  # no password
    """The upper bound of the worsening is within the margin."""
    IMPROVED = "improved"
    """As `PASS`, and the upper bound of the worsening is below 0."""
    REGRESSED = "regressed"
    """The lower bound of the worsening is beyond the margin."""
    INCONCLUSIVE = "inconclusive"
    """The margin is between the bounds."""
    NOT_COMPARABLE = "not_comparable"
    """The two figures are not of the same work, machine or meter."""
    NOT_MEASURED = "not_measured"
    """There is no figure to judge, or only a modelled one."""
    ERROR = "error"
    """Something broke before there was a verdict."""


EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.PASS: 0,
    Verdict.IMPROVED: 0,
    Verdict.REGRESSED: 1,
    Verdict.INCONCLUSIVE: 2,
    Verdict.NOT_COMPARABLE: 2,
    Verdict.NOT_MEASURED: 2,
    Verdict.ERROR: 3,
}
"""Verdict of the whole gate to the command's exit code."""


@dataclass(frozen=True)
class MetricVerdict:
    """The verdict on one metric, with its figures."""

    metric: str
    """One of `wattbench_reports.metrics.registry.METRICS`, or, of a pytest-benchmark file, such a name with its
    benchmark before it: ``test_parse · latency_p50``. Of accuracy in one domain with that after it: ``accuracy · law``.
    """
    verdict: Verdict
    blocks: bool
    """Whether it counts for the whole gate. A waived one does not."""
    margin: float
    """The change that fails: of accuracy in points (0.05 is 5 points), of all others a share."""
    reason: str
    """A sentence or two: why this verdict; what it could have found, or how much more it takes."""
    baseline: float | None = None
    """The figure itself, in the metric's unit: 0 to 1, seconds, joules, bytes. None: not available. So for the next."""
    candidate: float | None = None
    change: float | None = None
    """Candidate against baseline: of accuracy the difference (-0.02: 2 points lower), of others the share by which it
    is higher (0.1: 10% more)."""
    low: float | None = None
    """Bounds of the change that hold at every look; None: the items do not bound it. Both are beyond the margin exactly
    if it regressed, which errs in at most `Policy.alpha` of gates, over all blocking metrics together. Both are within
    the margin exactly if it passes, which errs in at most `Policy.beta`."""
    high: float | None = None
    items: int = 0
    """That both systems answered and this metric was judged by."""
    rounds: int = 0
    more_items: int | None = None
    """If inconclusive: how many more items should decide it. None: no number would, or it is not inconclusive."""
    detects: float | None = None
    """The smallest worsening that the gate finds in 1 - `Policy.beta` with all of its items, by the noise of the rounds
    so far; None: none, or nothing is known of it."""
    provenance: str = ""
    """How its joules came about; empty for other metrics."""
    validity: str = ""
    """Of joules, what is wrong with the windows that counted them: ``3 of 24 windows contended``. Empty: nothing."""
    currency: str = ""
    """Of a cost: ISO 4217; empty for other metrics."""
    waived: Waiver | None = None
    allowed_by: DeclaredTrade | None = None
    """The declared trade-off that lets its regression through."""


@dataclass(frozen=True)
class LostDomain:
    """A domain in which accuracy is shown to have fallen, where the policy guards no domain; it decides nothing."""

    domain: str
    change: float
    """In points: -0.12 is 12 points lower."""
    low: float | None
    """Bounds that hold at every look, for all domains together; None: the items do not bound it."""
    high: float | None
    items: int


@dataclass(frozen=True)
class FlippedAnswer:
    """The answer of a system to an item; of repeated answers, one that is right if and only if the item is right."""

    filtered: Excerpt | None = None
    """What the task compared with the key; None where it is not recorded, or is the whole output."""
    output: Excerpt | None = None
    """None: not recorded."""
    failure: str = ""
    """Why the request has no answer; empty where it has one."""


@dataclass(frozen=True)
class FlippedItem:
    """An item that exactly one of the two systems answers correctly."""

    task: str
    doc_id: int
    lost: bool
    """The baseline is right and the candidate wrong; else the other way round."""
    prompts: tuple[Excerpt, ...]
    """One where both were given the same; two, the baseline's first, where not; none where they are not recorded."""
    key: Excerpt | None
    """The expected answer; None: not recorded."""
    baseline: FlippedAnswer
    candidate: FlippedAnswer


@dataclass(frozen=True)
class FlippedItems:
    """The items that exactly one of the two systems answers correctly: right is a mean score of at least one half."""

    items: int
    """That both answered, with a score of both."""
    lost: int
    """Of them, those that the baseline alone answers correctly."""
    won: int
    """Those that the candidate alone answers correctly."""
    shown: tuple[FlippedItem, ...] = ()
    """Some of each: lost ones first, those of all tasks in turn."""


@dataclass(frozen=True)
class GateResult:
    """The result of a gate."""

    verdict: Verdict
    headline: str
    """One sentence: what happened and why, without markup."""
    baseline: str
    candidate: str
    suite: str
    runs: tuple[str, ...]
    """The records it was decided from, by name: one for a gate that asked in turns, else two. Empty for other files."""
    metrics: tuple[MetricVerdict, ...]
    policy: Policy
    items: int = 0
    """Asked of each system."""
    rounds: int = 0
    energy_j: float | None = None
    """Of both systems, all that the gate's windows counted; None where nothing was read."""
    energy_provenance: str = ""
    notes: tuple[str, ...] = ()
    """Further notes: expired waivers, planted regressions, invalid windows, what differs."""
    planted: Mapping[str, float] | None = None
    """Of a drill: what was planted in the candidate, such as ``{"delay": 0.2}``. Its verdict says nothing of it."""
    created_utc: str = ""
    lost_domains: tuple[LostDomain, ...] = ()
    flips: FlippedItems | None = None
    """None: it is not known which item is right, as in files of pytest-benchmark."""
    cap_items: int = 0
    """The most items that it could have asked; 0: not known. Those of `MetricVerdict.detects`."""
    undecidable: tuple[str, ...] = ()
    """The metrics that even an unchanged candidate could not pass within the cap."""
    futile: bool = False
    """It ended before its last item, as no verdict was likely with those left."""

    @property
    def detects(self) -> Mapping[str, float]:
        """Map each metric to the smallest worsening that the gate finds, where known."""
        return {each.metric: each.detects for each in self.metrics if each.detects is not None}

    @property
    def exit_code(self) -> int:
        """Return 0: passed, 1: regressed, 2: no verdict, 3: error."""
        return EXIT_CODES[self.verdict]
