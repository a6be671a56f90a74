"""Makes the data that a page embeds on systems that stay loaded: the sets that are best at some rate, and sentences."""

from __future__ import annotations

import math
from typing import Any

from wattbench_reports.formatting import units
from wattbench_reports.metrics.costs import CostUnit
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing import PHRASES, study_measures
from wattbench_reports.wording.routing.residents import gains_phrase, is_best_single, margin


def carried_residents(study: RoutingStudy | str | None) -> dict[str, Any] | None:
    """Return the sets of resident systems and their sentences; None without such sets.

    Args:
        study: of the run; a text where there is none.
    """
    if study is None or isinstance(study, str) or study.residents is None:
        return None
    residents, measures = study.residents, study_measures(study)
    return {
        "sets": [
            {
                "names": units.named(each.systems),
                "gain": each.gain,
                "margin": below if math.isfinite(below := margin(each)) else None,
                "idle_w": each.idle_w,
                "from": each.from_requests_per_hour,
                "alone": is_best_single(each, study),
            }
            for each in residents.sets
        ],
        "per_w": residents.idle_gain_per_w,
        "rate": residents.requests_per_hour,
        "unit": study.label,
        "factor": measures.costs.factor if study.unit is CostUnit.MONEY else None,
        "best": PHRASES["residents"].replace("{count}", f"{residents.subsets:,}"),
        "gains": gains_phrase(measures),
        "of_requests": measures.costs.of_requests("{gain}"),
        "unsure": PHRASES["resident_unsure"],
        "over": study.best_single,
    }
