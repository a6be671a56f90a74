"""Add to the routes of a hybrid what routing itself costs: a price of its own, and the electricity of its router."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wattbench_reports.analyses.current_prices import current_prices
from wattbench_reports.analyses.hybrids.answer_matrix import HybridAnswers
from wattbench_reports.analyses.hybrids.replay import Plan
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.tables.suite_record import SystemSettings


def with_own_money(analysis: Analysis, hybrid: HybridAnswers, plan: Plan) -> Plan:
    """Return the plan with the money of routing, item by item.

    It is not known, and not a number, where the hybrid pays for its tokens or hours itself, or its router asks a model:
    what those are in another mix of members is not on record.

    Args:
        analysis: of the run.
        hybrid: whose routes they are.
        plan: of `wattbench_reports.analyses.hybrids.replay.plan_of`.
    """
    if analysis.tariff is None:
        return plan
    name = hybrid.system
    settings = analysis.frames.record.suite.systems.get(name, SystemSettings())
    price = current_prices(analysis).get(name)
    by_answer = price is not None and (price.by_token or price.by_time)
    if by_answer or settings.reader is not None:
        return replace(plan, router_money=np.full(len(plan.rows), np.nan))
    per_joule = float(analysis.tariff.per_joule[analysis.frames.systems.index(name)])
    per_request = 0.0 if price is None or price.per_request is None else price.per_request
    return replace(plan, router_money=per_request + per_joule * np.nan_to_num(plan.router_j))
