"""The figures that a test asserts on. A figure that cannot be believed fails the test that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wattbench_reports.formatting import units
from wattbench_reports.stats.percentiles import label, needed
from wattbench_reports.tables import provenance

if TYPE_CHECKING:
    from wattbench.api.read import Run
    from wattbench_reports.metrics.system_metrics import Measures
    from wattbench_reports.metrics.tail_latency import TailLatency
    from wattbench_reports.metrics.validity import Validity
    from wattbench_reports.stats import Interval


HOW_TO_ACCEPT_MODELLED = (
    "To accept the figures of a formula, set @pytest.mark.wattbench(modelled=True), or wattbench_modelled = true in "
    "the ini file"
)


@dataclass(frozen=True, repr=False)
class Measured:
    """The figures of one system, as `wattbench runs compare` shows them; intervals are of 95% confidence."""

    system: str
    kind: str
    run: Path
    """The folder of its record."""
    modelled: bool
    """Whether the test accepts modelled joules."""
    figures: Measures
    judged: Validity

    @classmethod
    def of(cls, run: Run, system: str, *, modelled: bool) -> Measured:
        """Select one system of a run."""
        analysis = run.analysis
        return cls(
            system,
            analysis.measured.kinds[system],
            run.path,
            modelled,
            analysis.measured.systems[system],
            analysis.measured.judged[system],
        )

    @property
    def items(self) -> int:
        """The number of distinct items."""
        return self.figures.items

    @property
    def accuracy(self) -> Interval:
        """The share of correct answers, 0 to 1."""
        assert self.figures.accuracy is not None  # every item of a run that was made here is scored
        return self.figures.accuracy

    @property
    def latency_p50_s(self) -> float:
        """Seconds within which half of the requests were answered; fails with fewer than 7 requests."""
        __tracebackhide__ = True
        return self._percentile_s(0.5)

    @property
    def latency_p95_s(self) -> float:
        """Seconds within which 95% of the requests were answered; fails with fewer than 90 requests."""
        __tracebackhide__ = True
        return self._percentile_s(0.95)

    @property
    def latency_tail(self) -> TailLatency:
        """The highest of p95, p90 and p50 that the requests support: `.seconds`, `.label`; fails with fewer than 7."""
        __tracebackhide__ = True
        if self.figures.tail is None:
            raise pytest.fail.Exception(self._too_few(0.5))
        return self.figures.tail

    @property
    def joules_per_request(self) -> Interval:
        """Energy per request; fails where it was not measured, or only modelled and the test does not accept that."""
        __tracebackhide__ = True
        self._check_joules()
        assert self.figures.j_per_request is not None
        return self.figures.j_per_request

    @property
    def joules_per_correct(self) -> Interval:
        """Energy per correct answer, `high` infinite where the items do not bound it; fails as `joules_per_request`."""
        __tracebackhide__ = True
        self._check_joules()
        if self.figures.j_per_correct is None:
            raise pytest.fail.Exception(
                f"{self.system}: none of its metered answers is correct, so there are no joules per correct answer"
            )
        return self.figures.j_per_correct

    @property
    def energy_provenance(self) -> str:
        """The provenance of the system's joules, such as ``counter+rapl``; empty without joules."""
        return self.figures.provenance

    @property
    def valid(self) -> bool:
        """Whether every measured window of the system is valid; an invalid window has no joules."""
        return self.judged.valid

    def __repr__(self) -> str:
        energy = units.quantity_interval(self.figures.j_per_correct, "J")
        return (
            f"<{self.system}: accuracy {units.percent_interval(self.figures.accuracy)}, {energy} per correct "
            f"({provenance.qualified(self.energy_provenance) or 'not measured'}), "
            f"p50 {units.quantity(self.figures.latency_percentile_s(0.5), 's')}, {units.plural(self.items, 'item')}>"
        )

    def _percentile_s(self, share: float) -> float:
        __tracebackhide__ = True
        seconds = self.figures.latency_percentile_s(share)
        if seconds is None:
            raise pytest.fail.Exception(self._too_few(share))
        return seconds

    def _too_few(self, share: float) -> str:
        tail = self.figures.tail
        instead = "" if tail is None else f", or use latency_tail, which is a {tail.label} here"
        return (
            f"{self.system}: a {label(share)} needs {needed(share)} requests, and there are "
            f"{len(self.figures.latency_s)}: measure more items{instead}"
        )

    def _check_joules(self) -> None:
        __tracebackhide__ = True
        if self.figures.j_per_request is None:
            from wattbench_reports.metrics.validity import by_cause

            causes = by_cause([self.judged])
            why = f"{self.judged.marks} ({causes})" if causes else "no meter was read"
            raise pytest.fail.Exception(f"{self.system}: its joules were not measured: {why} (wattbench dev doctor)")
        if provenance.is_modelled(self.energy_provenance) and not self.modelled:
            qualified = provenance.qualified(self.energy_provenance)
            raise pytest.fail.Exception(f"{self.system}: its joules are {qualified}. {HOW_TO_ACCEPT_MODELLED}")
