"""`wattbench.read(run).decide()`: which system of a run to run, as a record and in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wattbench.errors import UserError, nearest
from wattbench.terminal import printable
from wattbench_reports.decision import decide
from wattbench_reports.export.comparison.decision_section import decision_section
from wattbench_reports.presenter.html import as_html
from wattbench_reports.presenter.text import text_lines
from wattbench_reports.wording.decision import decision_words

if TYPE_CHECKING:
    from wattbench_reports.comparison.comparison import Comparison
    from wattbench_reports.comparison.measured import Measured
    from wattbench_reports.comparison.paid import Paid
    from wattbench_reports.comparison.weighed import Weighed
    from wattbench_reports.decision import Between, HullStep, SystemDecision
    from wattbench_reports.wording.decision import DecisionWords


class RunDecision:
    """Which system to run, how sure that is, and what would change it. `print` shows the advice and its table.

    ``decision["hybrid"]`` is one system: its `checks` with their bounds, `qualifies`, `counted`, `accuracy`,
    `cost_per_request`, `cost_per_correct` and `benefit`.
    """

    def __init__(self, words: DecisionWords) -> None:
        self.data = words.decision
        """The decision as the reports know it. Its form may change without notice."""
        self._words = words

    @property
    def advice(self) -> str:
        """The advice in one sentence."""
        return self._words.advice

    @property
    def evidence(self) -> tuple[str, ...]:
        """Sentences on ties, on bounds, and on what would decide."""
        return tuple(self._words.evidence)

    @property
    def chosen(self) -> str | None:
        """The system to run.

        None where no system is shown to meet the requirements, or where the reader has to choose `between` two systems.
        """
        return self.data.chosen

    @property
    def best(self) -> tuple[str, ...]:
        """The systems that are statistically tied for the best, the chosen one first."""
        return self.data.best

    @property
    def unit(self) -> str:
        """The unit of costs: ``J``, ``g`` or a currency; empty where no cost is known."""
        return self.data.label

    @property
    def prices(self) -> tuple[HullStep, ...]:
        """The price of one more right answer at each step of the hull of accuracy and cost: `cheaper`, `dearer`, and
        `price` with its `estimate`, `low` and `high` in `unit`."""
        return self.data.hull

    @property
    def between(self) -> Between | None:
        """The two systems that a reader without requirements chooses between: `cheaper` and `dearer`, and what further
        right answers cost from the one to the other. None where one system is advised, or no system is."""
        return self.data.between

    @property
    def surest(self) -> str | None:
        """The system that is nearest to meeting the requirements, where no system is shown to meet them."""
        return self.data.surest

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of the systems: those that qualify first, the best of them first."""
        return tuple(each.system for each in self.data.systems)

    def __getitem__(self, system: str) -> SystemDecision:
        try:
            return self.data.of(system)
        except KeyError:
            raise UserError(f"no system {system!r:.80} in this decision{nearest(str(system), self.systems)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.systems)

    def __len__(self) -> int:
        return len(self.data.systems)

    def __str__(self) -> str:
        return "\n".join(text_lines(decision_section(self._words)))

    def __repr__(self) -> str:
        return printable(f"<decision: {self.advice}>")

    def _repr_html_(self) -> str:
        """Return the decision as a notebook shows it."""
        return as_html(decision_section(self._words))


def decision_of(measured: Measured, paid: Paid, weighed: Weighed, comparison: Comparison) -> RunDecision:
    """Decide on a run by the settings of its analysis."""
    return RunDecision(decision_words(decide(measured, paid, weighed), measured, comparison))
