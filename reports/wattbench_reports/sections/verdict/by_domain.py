"""The verdict of each domain with its evidence, as one table."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.sections.table import Cell, Column, Table
from wattbench_reports.sections.verdict.verdict import Recommendation


def choices_table(verdicts: Sequence[Recommendation]) -> Table | None:
    """Make a table with a row per domain; None where there are fewer than two.

    Args:
        verdicts: as `wattbench_reports.sections.verdict.verdict.verdicts` gives them: over all items first.
    """
    by_domain = verdicts[1:]
    if not by_domain:
        return None
    return Table(
        caption="Which system to run for which domain",
        columns=(
            Column("Domain"),
            Column("Run"),
            Column("Fewest joules per correct answer"),
            Column("Evidence"),
            Column("Most accurate"),
            Column("Evidence"),
        ),
        rows=tuple(
            (
                Cell(verdict.domain or ""),
                Cell(verdict.choice),
                *(
                    cell
                    for pick in verdict.picks
                    for cell in (Cell(f"{pick.answer}: {pick.figure}"), Cell(pick.how_sure))
                ),
            )
            for verdict in by_domain
            if len(verdict.picks) == 2
        ),
    )
