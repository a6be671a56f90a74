"""Write a night's verdict as JSON for programs: a gate's, with what changed that night."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from wattbench_reports.export.gate import as_json as gate_json
from wattbench_reports.formatting.json_text import plain_data
from wattbench_reports.history.night_verdict import NightVerdict, alerts
from wattbench_reports.history.what_changed import NightDifference


def as_json(verdict: NightVerdict) -> str:
    """Return the JSON of a gate with a further object ``"night"``.

    Its ``alerts`` have the fields of `Alert`, its ``changes`` those of `NightChange`, worst first, and
    ``what_changed`` has the parts, commits and files that differ from the nights that it is compared with.
    """
    document: dict[str, Any] = json.loads(gate_json(verdict.result))
    document["night"] = {
        "alerts": [asdict(each) for each in alerts(verdict)],
        "changes": [asdict(each) for each in verdict.changes],
        "what_changed": [_difference(each) for each in verdict.differences],
    }
    return json.dumps(plain_data(document), indent=2, allow_nan=False) + "\n"


def _difference(difference: NightDifference) -> dict[str, Any]:
    since = difference.since
    return {
        "against": difference.against,
        "run": difference.night.run,
        "date": difference.night.date.isoformat(),
        "parts": [asdict(each) for each in difference.parts],
        "added": list(difference.added),
        "removed": list(difference.removed),
        "remote": difference.remote,
        "commit_before": difference.commit_before,
        "commit_now": difference.commit_now,
        "commits": None if since is None else [each.model_dump() for each in since.commits],
        "files": None if since is None else list(since.files),
        "uncommitted": list(difference.uncommitted),
    }
