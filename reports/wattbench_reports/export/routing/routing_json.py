"""Write a routing study as JSON: what it says and all that it holds, at full precision."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wattbench_reports.formatting.json_text import json_text, plain_data
from wattbench_reports.routing.model import RoutingStudy
from wattbench_reports.wording.routing import routing_sentences, routing_verdict


def routing_as_json(study: RoutingStudy | str) -> str:
    """Return a routing study as indented JSON, as `routing_data` gives it."""
    return json_text(routing_data(study))


def routing_data(study: RoutingStudy | str) -> dict[str, Any]:
    """Return ``{"verdict", "answer", "sentences": {topic: [...]}, ...}`` and all fields of
    `wattbench_reports.routing.model.RoutingStudy`, of which ``verdict`` is ``judged``.

    A bound that is infinite is null, as is what is not known. Without a study, as the run has none: ``answer`` is null,
    and ``verdict`` says why.

    Args:
        study: from `wattbench_reports.routing.study.routing_study`; a text is why there is none, as a clause.
    """
    if isinstance(study, str):
        return {"verdict": routing_verdict(study), "answer": None, "sentences": {}}
    fields = plain_data(_stated(asdict(study)))
    judged = fields.pop("verdict")
    return {
        "verdict": routing_verdict(study),
        "answer": str(study.verdict.answer),
        "sentences": {topic: list(sentences) for topic, sentences in routing_sentences(study).items()},
        "judged": judged,
        **fields,
    }


def _stated(value: Any) -> Any:
    """Return a value without the evidence of bounds, whose arrays are as long as the run."""
    if isinstance(value, dict):
        return {key: _stated(each) for key, each in value.items() if key not in ("gain_parts", "evidence")}
    return [_stated(each) for each in value] if isinstance(value, list | tuple) else value
