"""Which experts a mixture asks for which domain: whether they specialise, how far, and how evenly they are used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import RunRecords, SystemRow
from reports.compare import Analysis
from reports.measures import SEED
from reports.stats import Dependence, dependence, entropy_bits


@dataclass(frozen=True)
class ExpertUse:
    """One mixture."""

    system: str
    experts: tuple[str, ...]
    layers: tuple[int, ...]
    """Those that have experts, counted from 0."""
    per_token: int
    domains: tuple[str, ...]
    items: tuple[int, ...]
    """Per domain."""
    shares: NDArray[np.float64]
    """Shape (layers, domains, experts): the mean over the domain's items of an expert's share of the choices in the
    layer. Sums to 1 over experts."""
    evenness: tuple[float, ...]
    """Per layer: the entropy of the load over the experts, over that of an even load; 1 is even."""
    dependence: Dependence | None
    """On the domain; None with fewer than two domains."""
    at_most_bits: float
    """What the mutual information could be at most: the lesser of what is to be known of the domain, and of what
    choosing `per_token` different experts for each token leaves open."""


def expert_uses(analysis: Analysis) -> tuple[ExpertUse, ...]:
    """Every mixture whose choices were recorded, in the order they ran; empty where there is none."""
    tasks = analysis.frames.items.drop_duplicates("task")
    domain_of = {str(task): str(domain) for task, domain in zip(tasks["task"], tasks["domain"], strict=True)}
    rows = analysis.frames.run.systems()
    found = [_of_system(analysis.frames.run, rows[name], domain_of) for name in analysis.frames.systems if name in rows]
    return tuple(use for use in found if use is not None)


def _of_system(run: RunRecords, row: SystemRow, domain_of: Mapping[str, str]) -> ExpertUse | None:
    if not row.experts:
        return None
    counts, labels = _counts(run, row, domain_of)
    if not len(counts):
        return None
    domains = [name for name in dict.fromkeys(domain_of.values()) if name in labels]
    codes = np.array([domains.index(label) for label in labels], dtype=np.int64)
    own = counts / counts.sum(axis=2, keepdims=True)
    shares = np.stack([own[codes == code].mean(axis=0) for code in range(len(domains))], axis=1)
    load = counts.sum(axis=0) / counts.sum(axis=(0, 2))[:, None]
    per_token, number = row.experts_per_token or 1, len(row.experts)
    items = np.bincount(codes)
    return ExpertUse(
        system=row.system,
        experts=tuple(row.experts),
        layers=tuple(row.expert_layers),
        per_token=per_token,
        domains=tuple(domains),
        items=tuple(int(count) for count in items),
        shares=shares,
        evenness=tuple(float(bits) / math.log2(number) if number > 1 else 1.0 for bits in entropy_bits(load)),
        dependence=dependence(counts, codes, seed=SEED) if len(domains) > 1 else None,
        at_most_bits=min(float(entropy_bits(items / items.sum())), math.log2(number / per_token)),
    )


def _counts(run: RunRecords, row: SystemRow, domain_of: Mapping[str, str]) -> tuple[NDArray[np.float64], list[str]]:
    """Shape (items, layers, experts), the repeats of an item summed, and each item's domain.

    An item that lacks a choice in some layer is left out.
    """
    shape = (len(row.expert_layers), len(row.experts))
    of_item: dict[tuple[str, int], NDArray[np.float64]] = {}
    for task in domain_of:
        for asked in run.experts(row.system, task):
            counts = np.array(asked.counts, dtype=np.float64)
            if counts.shape == shape and np.all(counts.sum(axis=1) > 0):
                of_item[task, asked.doc_id] = of_item.get((task, asked.doc_id), 0.0) + counts
    labels = [domain_of[task] for task, _ in of_item]
    return (np.stack(list(of_item.values())) if of_item else np.empty((0, *shape))), labels
