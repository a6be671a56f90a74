"""Count which members a hybrid asked in each domain, and what every detour cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.hybrids.hybrid_and_members import Bench, best_of_domain


@dataclass(frozen=True)
class Detour:
    """The items of a domain answered by a member that is not its best."""

    domain: str
    member: str
    best: str
    answers: int
    share: float
    """Of all answers that are compared."""
    accuracy: float
    """Of the member that answered, by its own answers to these items."""
    best_accuracy: float
    """Of the domain's best member, to the same items."""

    @property
    def cost(self) -> float:
        """Return the loss in overall accuracy: below 0 where the detour was a gain."""
        return self.share * (self.best_accuracy - self.accuracy)


@dataclass(frozen=True)
class Misroutes:
    """A hybrid's answers by domain and member."""

    domains: tuple[str, ...]
    members: tuple[str, ...]
    counts: NDArray[np.int64]
    """Shape (domains, members): answers."""
    best: tuple[str | None, ...]
    """Of each domain, by the members' own answers; None where no item was answered by all of them, or one of them is
    not in the run."""
    detours: tuple[Detour, ...]
    """The most costly first; over the items that the hybrid and all of its members answered."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the shares of each domain's answers, shape (domains, members); each row sums to 1."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))


def misroutes_of(bench: Bench) -> Misroutes:
    """Count the routes, and price those that did not go to the domain's best member."""
    frame, members = bench.hybrid.frame, bench.members
    listed = [str(name) for name in frame["domain"].cat.categories]
    member = np.array([members.index(name) for name in bench.hybrid.names])[bench.hybrid.answered_by]
    cell = frame["domain"].cat.codes.to_numpy().astype(np.int64) * len(members) + member
    counts = np.bincount(cell, minlength=len(listed) * len(members)).reshape(len(listed), len(members))
    asked_domains = np.flatnonzero(counts.sum(axis=1) > 0)
    domains = tuple(listed[domain] for domain in asked_domains)
    best, detours = _detours(bench, domains, member) if len(bench.rows) and not bench.missing else ({}, ())
    return Misroutes(domains, members, counts[asked_domains], tuple(best.get(name) for name in domains), detours)


def _detours(
    bench: Bench, domains: tuple[str, ...], member: NDArray[np.int64]
) -> tuple[dict[str, str], tuple[Detour, ...]]:
    matrix = bench.matrix
    best_at = np.full(len(matrix.domain), -1, dtype=np.int64)
    best_at[bench.rows] = matrix.columns(bench.present)[best_of_domain(bench)]
    row = bench.hybrid.frame["row"].to_numpy()
    column = np.array([matrix.systems.index(name) if name in bench.present else -1 for name in bench.members])[member]
    known = best_at[row] >= 0
    wanted, total = best_at[row], int(known.sum())
    best: dict[str, str] = {}
    detours: list[Detour] = []
    for domain in domains:
        of_domain = known & (matrix.domain[row] == matrix.domain_names.index(domain))
        if not of_domain.any():
            continue
        best[domain] = matrix.systems[wanted[of_domain][0]]
        for to in np.unique(column[of_domain & (column != wanted) & (column >= 0)]):
            here = of_domain & (column == to)
            detours.append(
                Detour(
                    domain, matrix.systems[to], best[domain], int(here.sum()), float(here.sum()) / total,
                    float(matrix.score[row[here], to].mean()), float(matrix.score[row[here], wanted[here]].mean()),
                )
            )  # fmt: skip
    return best, tuple(sorted(detours, key=lambda each: -each.cost))
